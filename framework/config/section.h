// A typed reader of one YAML mapping. It remembers its path and what was asked of it, so that the same calls
// validate a file, print the effective configuration and write docs/config_reference.md.
//
//   Options read(config::Section section) {
//     Options o;
//     section.optional("beta", o.beta, "how fast a forgotten sample stops pulling", config::above(0));
//     section.reject_unknown();
//     return o;
//   }
//
// Errors name file:line:column and the dotted path: config.unknown, config.type, config.range,
// config.required, …
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::config {

struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;  // low itself is refused
};
[[nodiscard]] constexpr Range above(double low) { return {.low = low, .low_open = true}; }
[[nodiscard]] constexpr Range at_least(double low) { return {.low = low}; }
[[nodiscard]] constexpr Range between(double low, double high) { return {.low = low, .high = high}; }

struct Node;
class Document;  // one parsed configuration: tree, places, and the record of what was read

class Section {
 public:
  // A section of no file: every optional key takes its default. For tests and for the reference page.
  Section();
  Section(std::shared_ptr<Document> document, std::string path);

  const std::string& path() const noexcept { return path_; }  // "train.optimizer"; "" at the root
  bool has(std::string_view key) const;                       // written, and not `null`
  bool empty() const;                                         // the mapping is absent or has no key
  // As written, in order: for mappings whose keys are the user's own words.
  std::vector<std::string> keys() const;

  // Scalars and lists of them. The value given is the default and is left alone where the key is absent.
  // Spelling is strict: an integer is decimal digits (no 1e3, 8.0, 010, 0x8), a number is finite, a boolean
  // is true or false. `range` limits a number, or every number of a list. T: bool, std::int64_t,
  // std::uint64_t, double, std::string, and std::vector of std::int64_t, double, std::string.
  template <class T>
  Section& optional(std::string_view key, T& value, std::string_view help, Range range = {});
  template <class T>
  Section& required(std::string_view key, T& value, std::string_view help, Range range = {});
  // An optional that may have no value: `null` is std::nullopt, absent leaves `value` alone.
  template <class T>
  Section& maybe(std::string_view key, std::optional<T>& value, std::string_view help, Range range = {});

  // One word of a fixed list; another word is an error with a suggestion.
  Section& choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
                  std::string_view help);
  Section& choice(std::string_view key, std::string& value, std::initializer_list<std::string> allowed,
                  std::string_view help);

  // One word of a fixed list, or an integer in `range`; `value` is its text.
  Section& word_or_integer(std::string_view key, std::string& value, std::initializer_list<std::string> words,
                           std::string_view help, Range range);

  // A nested mapping; an absent one reads as empty.
  Section section(std::string_view key, std::string_view help);
  // A list of mappings (an absent one reads as empty); a word in it reads, with named_here(), as {name:
  // word}. Lists and nulls in it are refused.
  std::vector<Section> sections(std::string_view key, std::string_view help);
  // A named choice with options beside it: `objective: npo` is short for `objective: {name: npo}`. Reads
  // `name` (checked against `allowed`) and returns the mapping for the entry's own options. A `name` given
  // empty is required.
  Section named(std::string_view key, std::string& name, std::span<const std::string> allowed,
                std::string_view help);
  // The same for this mapping itself: an entry of sections(). `name`'s value is the default.
  void named_here(std::string& name, std::span<const std::string> allowed, std::string_view help);

  // Every key that nobody asked for is an error with a suggestion (config.unknown).
  void reject_unknown() const;

  // Refuses with a place: `file:line:col: path.key` is put before the message.
  [[noreturn]] void refuse(std::string_view key, std::string error_key, std::string message,
                           std::string hint = "") const;

  const std::shared_ptr<Document>& document() const noexcept { return document_; }

 private:
  void read_choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
                   std::string_view help, bool required);
  void check_choice(std::string_view key, const std::string& word, const Node& node,
                    std::span<const std::string> allowed) const;

  std::shared_ptr<Document> document_;
  std::string path_;
};

}  // namespace lethe::config
