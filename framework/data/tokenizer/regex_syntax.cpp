// Oniguruma's spelling to PCRE2's: only what means the same in both, or has a translation, goes through.
#include "framework/base/error.h"
#include "framework/data/tokenizer/regex.h"

namespace lethe::data {
namespace {

class PatternTranslator {
 public:
  explicit PatternTranslator(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    while (at_ < in_.size()) step();
    return out_;
  }

 private:
  [[noreturn]] void refuse(std::string_view construct) const {
    fail("tokenizer.regex", fmt::format("`{}` in `{}` is not supported", construct, in_));
  }

  void step() {
    const char c = in_[at_];
    if (c == '\\') return escape();
    if (in_class_) return inside_class(c);
    if (c == '[') return open_class();
    if (c == '(' && in_.substr(at_, 2) == "(?") return group();
    if (c == '{') return interval();
    copy(1);
  }

  void copy(std::size_t count) {
    out_ += in_.substr(at_, count);
    at_ += count;
  }

  void escape() {
    if (at_ + 1 >= in_.size()) refuse("\\");
    const char c = in_[at_ + 1];
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == 's' || c == 'S') return write(c == 's' ? "\\p{White_Space}" : "\\P{White_Space}");
    if (c == 'w' && !in_class_) return write("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]");
    if (c == 'W' && !in_class_) return write("[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]");
    if (c == 'w') return write("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}");
    if (c == 'v') return write("\\x{0B}");
    if (c == 'u') return code_point();
    if (c == 'p' || c == 'P') return property();
    if (letter_or_digit && std::string_view("dDrntfeAzZx").find(c) == std::string_view::npos)
      refuse(in_.substr(at_, 2));
    copy(2);
  }

  void write(std::string_view translated) {
    out_ += translated;
    at_ += 2;
  }

  void code_point() {  // \uHHHH
    if (at_ + 6 > in_.size()) refuse(in_.substr(at_));
    out_ += fmt::format("\\x{{{}}}", in_.substr(at_ + 2, 4));
    at_ += 6;
  }

  void property() {
    if (at_ + 2 >= in_.size()) refuse(in_.substr(at_));
    if (in_[at_ + 2] != '{') refuse(in_.substr(at_, 3));
    const auto close = in_.find('}', at_);
    if (close == std::string_view::npos) refuse(in_.substr(at_));
    copy(close + 1 - at_);
  }

  void open_class() {
    in_class_ = true;
    copy(1);
    if (at_ < in_.size() && in_[at_] == '^') copy(1);
    if (at_ < in_.size() && in_[at_] == ']') refuse("[]");
  }

  void inside_class(char c) {
    if (c == '[') refuse("[ inside a class");
    if (in_.substr(at_, 2) == "&&") refuse("&&");
    if (c == ']') in_class_ = false;
    copy(1);
  }

  void group() {  // Ruby's (?m) is PCRE2's (?s); the other flags differ too, so only these pass
    for (const std::string_view known : {"(?i:", "(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!", "(?i)"})
      if (in_.substr(at_).starts_with(known)) return copy(known.size());
    refuse(in_.substr(at_, 3));
  }

  void interval() {  // in Ruby `{1,3}+` repeats the interval; in PCRE2 it is possessive
    const auto close = in_.find('}', at_);
    if (close == std::string_view::npos) return copy(1);
    if (close + 1 < in_.size() && in_[close + 1] == '+') refuse(in_.substr(at_, close + 2 - at_));
    copy(close + 1 - at_);
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
  bool in_class_ = false;
};

}  // namespace

std::string to_pcre2(std::string_view pattern) { return PatternTranslator(pattern).run(); }

std::string escape_regex(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$#&-~").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace lethe::data
