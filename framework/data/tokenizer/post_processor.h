// Post-processors of tokenizer.json: which special tokens stand before and behind a single text.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "framework/data/tokenizer/json_file.h"
#include "framework/data/tokenizer/vocabulary.h"

namespace lethe::data {

struct SpecialFrame {
  std::vector<std::int32_t> before, after;
};

// TemplateProcessing (its `single` template), ByteLevel (moves offsets only) and Sequence of them; absent:
// empty. Errors: tokenizer.component names another or a template without exactly one text.
[[nodiscard]] SpecialFrame read_post_processor(std::optional<Json> component);

}  // namespace lethe::data
