// generation_config.json of a Hugging Face model directory: how the model is meant to be asked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace lethe::models {

struct GenerationConfig {
  std::vector<std::int64_t> eos_token_ids;  // none where the file names none
  std::optional<std::int64_t> bos_token_id, pad_token_id;
  // Logits of tokens that the text already holds are divided by it (where negative, multiplied); 1 changes
  // nothing.
  double repetition_penalty = 1;
};

// The defaults where the directory has no such file. Errors: model.config.json (not strict JSON, or a value
// out of range), model.config, model.permission.
[[nodiscard]] GenerationConfig read_generation_config(const std::filesystem::path& directory);

}  // namespace lethe::models
