// A tokenizer's regular expression. The tokenizers package runs it with Oniguruma (Ruby syntax, Unicode);
// here PCRE2 runs it, after a translation of what the two spell differently. What cannot be translated is
// refused by name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lethe::data {

// The pattern in PCRE2's words: \s is White_Space, \w is Alphabetic|M|Nd|Pc, ^ and $ match at lines.
// Errors: tokenizer.regex for a construct whose meaning differs and is not translated.
[[nodiscard]] std::string to_pcre2(std::string_view pattern);

// `text` as a pattern that matches itself.
[[nodiscard]] std::string escape_regex(std::string_view text);

class Regex {
 public:
  // Errors: tokenizer.regex when the pattern does not compile.
  explicit Regex(const std::string& pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // Calls `visit(begin, end)` for every match, from the left, without overlap. `text` is valid UTF-8.
  // Threads may share a Regex.
  // Errors: tokenizer.regex `match limit reached` when the pattern backtracks without end.
  void for_each_match(std::string_view text,
                      const std::function<void(std::size_t, std::size_t)>& visit) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace lethe::data
