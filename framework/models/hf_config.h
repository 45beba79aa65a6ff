// config.json of a Hugging Face model directory, as typed values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lethe::models {

struct HfConfig {
  std::string model_type = "llama";            // names the family: families/<model_type>.cpp
  std::string architecture = "LlamaForCausalLM";
  std::int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_layers = 0;
  std::int64_t num_heads = 0, num_kv_heads = 0, head_dim = 0;
  std::int64_t max_positions = 2048;
  double rms_norm_eps = 1e-5;
  double rope_theta = 10000.0;
  bool tie_word_embeddings = false;
  bool attention_bias = false;
  std::vector<std::int64_t> eos_token_ids;     // config.json or generation_config.json
  std::optional<std::int64_t> bos_token_id, pad_token_id;
};

// Errors: model.missing, model.config, model.config.json, model.arch, model.remotecode, model.rope, model.quantised (see the
// catalogue). Nothing of the directory is executed.
[[nodiscard]] HfConfig read_hf_config(const std::filesystem::path& directory);

// The text of a config.json that transformers opens.
[[nodiscard]] std::string to_config_json(const HfConfig& config);

}  // namespace lethe::models
