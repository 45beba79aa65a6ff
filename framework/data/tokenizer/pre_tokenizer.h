// Pre-tokenizers of tokenizer.json: they split a text into the words that the merges work on.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "framework/data/tokenizer/json_file.h"
#include "framework/data/tokenizer/pieces.h"

namespace lethe::data {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Puts the words of `piece` (not an added token) behind `out`.
  virtual void split(Piece piece, std::vector<Piece>& out) const = 0;
};

// ByteLevel Digits Split Metaspace Sequence; nothing when absent. Errors: tokenizer.component names another,
// tokenizer.regex.
[[nodiscard]] std::unique_ptr<PreTokenizer> make_pre_tokenizer(std::optional<Json> component);

}  // namespace lethe::data
