// Decoders of tokenizer.json: from token texts back to a text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/data/tokenizer/json_file.h"

namespace lethe::data {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Rewrites the token texts; the caller joins what is left.
  virtual void decode(std::vector<std::string>& tokens) const = 0;
};

// ByteLevel ByteFallback Fuse Metaspace Replace Strip Sequence; nothing when absent. Errors:
// tokenizer.component.
[[nodiscard]] std::unique_ptr<Decoder> make_decoder(std::optional<Json> component);

}  // namespace lethe::data
