// Normalizers of tokenizer.json: what is done to a text before it is split.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "framework/data/tokenizer/json_file.h"

namespace lethe::data {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(std::string& text) const = 0;
};

// NFC NFD NFKC NFKD Prepend Replace Strip Sequence; nothing when absent. Errors: tokenizer.component names
// another.
[[nodiscard]] std::unique_ptr<Normalizer> make_normalizer(std::optional<Json> component);

// `pattern` of Replace and Split: {"String": s} or {"Regex": r}, as a regular expression.
[[nodiscard]] std::string pattern_member(Json component);

}  // namespace lethe::data
