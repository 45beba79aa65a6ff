// Writes config.json for a model that has none (random weights); an unlearned model keeps the one it came
// with.
#include <nlohmann/json.hpp>

#include "framework/models/hf_config.h"

namespace lethe::models {
namespace {

using nlohmann::ordered_json;

ordered_json scaling_json(const RopeScaling& scaling) {
  if (scaling.type == "default") return nullptr;
  ordered_json json = {{"rope_type", scaling.type}, {"factor", scaling.factor}};
  if (scaling.type != "llama3") return json;
  json["low_freq_factor"] = scaling.low_freq_factor;
  json["high_freq_factor"] = scaling.high_freq_factor;
  json["original_max_position_embeddings"] = scaling.original_max_positions;
  return json;
}

ordered_json eos_json(const std::vector<std::int64_t>& ids) {
  if (ids.empty()) return nullptr;
  return ids.size() == 1 ? ordered_json(ids.front()) : ordered_json(ids);
}

ordered_json optional_json(const std::optional<std::int64_t>& id) {
  return id ? ordered_json(*id) : ordered_json(nullptr);
}

}  // namespace

std::string to_config_json(const HfConfig& c, const std::string& torch_dtype) {
  ordered_json json = {{"architectures", {c.architecture}},
                       {"model_type", c.model_type},
                       {"vocab_size", c.vocab_size},
                       {"hidden_size", c.hidden_size},
                       {"intermediate_size", c.intermediate_size},
                       {"num_hidden_layers", c.num_layers},
                       {"num_attention_heads", c.num_heads},
                       {"num_key_value_heads", c.num_kv_heads},
                       {"head_dim", c.head_dim},
                       {"hidden_act", "silu"},
                       {"max_position_embeddings", c.max_positions},
                       {"rms_norm_eps", c.rms_norm_eps},
                       {"rope_theta", c.rope_theta},
                       {"rope_scaling", scaling_json(c.rope_scaling)},
                       {"tie_word_embeddings", c.tie_word_embeddings},
                       {"bos_token_id", optional_json(c.bos_token_id)},
                       {"eos_token_id", eos_json(c.eos_token_ids)},
                       {"pad_token_id", optional_json(c.pad_token_id)},
                       {"torch_dtype", torch_dtype}};
  if (c.model_type == "llama") json["attention_bias"] = c.attention_bias, json["mlp_bias"] = false;
  // Both have windows that are on or full-size by default.
  if (c.model_type == "mistral") json["sliding_window"] = nullptr;
  if (c.model_type == "qwen2") json["use_sliding_window"] = false;
  return json.dump(2) + "\n";
}

}  // namespace lethe::models
