// config.json of a Hugging Face model directory, as typed values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/models/rope_scaling.h"

namespace lethe::models {

struct HfConfig {
  std::string model_type = "llama";  // names the family: families/<model_type>.cpp
  std::string architecture = "LlamaForCausalLM";
  std::int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_layers = 0;
  std::int64_t num_heads = 0, num_kv_heads = 0, head_dim = 0;
  std::int64_t max_positions = 2048;  // tokens of the longest document that the model was trained for
  // At least max_positions, where the model has one. Attention is the full one, so no document may be longer.
  std::optional<std::int64_t> sliding_window;
  double rms_norm_eps = 1e-5;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling;
  bool tie_word_embeddings = false;
  bool attention_bias = false;              // on q, k and v
  std::vector<std::int64_t> eos_token_ids;  // generation_config.json, else config.json
  std::optional<std::int64_t> bos_token_id, pad_token_id;
};

// Reads config.json, and generation_config.json where it is there. Nothing of the directory is executed.
// Errors: model.missing (no such directory), model.config (no config.json), model.config.json (not strict
// JSON), model.arch, model.remotecode, model.rope, model.quantised, model.config.json (a setting that is
// missing, out of range or not supported), model.blob, model.permission.
[[nodiscard]] HfConfig read_hf_config(const std::filesystem::path& directory);

// The text of a config.json that transformers opens. `torch_dtype`: "float32", "bfloat16", … of the tensor
// files.
[[nodiscard]] std::string to_config_json(const HfConfig& config, const std::string& torch_dtype = "float32");

}  // namespace lethe::models
