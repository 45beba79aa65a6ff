#include "framework/models/hf_config.h"

#include <cstdlib>
#include <filesystem>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/models/family.h"
#include "framework/models/model_path.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& message, const std::string& hint = "") { fail("model.config.json", "config.json: " + message, hint); }

std::int64_t positive(const Json& json, const char* key, std::optional<std::int64_t> fallback = {}) {
  if (!json.contains(key) || json[key].is_null()) {
    if (fallback) return *fallback;
    refuse(fmt::format("{} is missing", key));
  }
  const bool fits = json[key].is_number_integer() && json[key].get<double>() >= 1 && json[key].get<double>() <= 1 << 30;
  if (!fits) refuse(fmt::format("{} must be a whole number from 1 to 2^30, got {}", key, json[key].dump()));
  return json[key].get<std::int64_t>();
}

double positive_number(const Json& json, const char* key, double fallback) {
  if (!json.contains(key) || json[key].is_null()) return fallback;
  if (!json[key].is_number() || !(json[key].get<double>() > 0)) refuse(fmt::format("{} must be a number > 0, got {}", key, json[key].dump()));
  return json[key].get<double>();
}

bool flag(const Json& json, const char* key, bool fallback) {
  if (!json.contains(key) || json[key].is_null()) return fallback;
  if (!json[key].is_boolean()) refuse(fmt::format("{} must be true or false, got {}", key, json[key].dump()));
  return json[key].get<bool>();
}

std::vector<std::int64_t> token_ids(const Json& json, const char* key) {
  std::vector<std::int64_t> ids;
  if (!json.contains(key) || json[key].is_null()) return ids;
  for (const Json& id : json[key].is_array() ? json[key] : Json::array({json[key]})) {
    if (!id.is_number_unsigned()) refuse(fmt::format("{} must be a token id, got {}", key, json[key].dump()));
    ids.push_back(id.get<std::int64_t>());
  }
  return ids;
}

std::optional<std::int64_t> token_id(const Json& json, const char* key) {
  const auto ids = token_ids(json, key);
  return ids.empty() ? std::nullopt : std::optional(ids.front());
}

// What the decoder would silently compute otherwise than the model's own code.
void refuse_what_is_not_computed(const Json& json) {
  const auto text = [&](const char* key, const char* inner) -> std::string {
    return json[key].contains(inner) && json[key][inner].is_string() ? json[key][inner].get<std::string>() : "";
  };
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!json.contains(key) || !json[key].is_object()) continue;
    const std::string type = text(key, "rope_type").empty() ? text(key, "type") : text(key, "rope_type");
    if (!type.empty() && type != "default") fail("model.rope", fmt::format("rope type \"{}\" is not supported", type), "supported: default");
  }
  if (json.contains("quantization_config") && json["quantization_config"].is_object())
    fail("model.quantised", fmt::format("quantization_config {} is not trainable here", text("quantization_config", "quant_method")), "use the unquantised weights");
  if (json.value("hidden_act", "silu") != "silu") refuse(fmt::format("hidden_act {} is not supported; supported: silu", json["hidden_act"].dump()));
  if (flag(json, "mlp_bias", false)) refuse("mlp_bias: true is not supported");
  if (json.contains("sliding_window") && json["sliding_window"].is_number() && flag(json, "use_sliding_window", json.value("model_type", "") == "mistral"))
    refuse("sliding_window is not supported", "set it to null if your documents are shorter than the window");
}

std::string architecture_of(const Json& json) {
  const bool named = json.contains("architectures") && json["architectures"].is_array() && json["architectures"].size() == 1 && json["architectures"][0].is_string();
  if (!named) refuse("architectures must name one class");
  return json["architectures"][0].get<std::string>();
}

void check_architecture(const HfConfig& config, const Json& json) {
  bool native = true;
  try {
    (void)family_of(config);
  } catch (const Error&) {
    native = false;
  }
  if (json.contains("auto_map") && !native) fail("model.remotecode", "the model asks for its own Python code; not supported");
  if (json.contains("auto_map")) base::warn_once("model.remotecode", "auto_map in config.json is ignored: the architecture is native here");
  if (!native) (void)family_of(config);
}

HfConfig from_json(const Json& json) {
  HfConfig c;
  c.architecture = architecture_of(json);
  check_architecture(c, json);
  refuse_what_is_not_computed(json);
  c.model_type = family_of(c).name;
  c.vocab_size = positive(json, "vocab_size");
  c.hidden_size = positive(json, "hidden_size");
  c.intermediate_size = positive(json, "intermediate_size");
  c.num_layers = positive(json, "num_hidden_layers");
  c.num_heads = positive(json, "num_attention_heads");
  c.num_kv_heads = positive(json, "num_key_value_heads", c.num_heads);
  if (!json.contains("head_dim") && c.hidden_size % c.num_heads != 0) refuse(fmt::format("{} heads do not divide a hidden size of {}", c.num_heads, c.hidden_size));
  c.head_dim = positive(json, "head_dim", c.hidden_size / c.num_heads);
  c.max_positions = positive(json, "max_position_embeddings", 2048);
  c.rms_norm_eps = positive_number(json, "rms_norm_eps", 1e-6);
  const Json rope = json.contains("rope_parameters") && json["rope_parameters"].is_object() ? json["rope_parameters"] : json;
  c.rope_theta = positive_number(rope, "rope_theta", 10000.0);
  c.tie_word_embeddings = flag(json, "tie_word_embeddings", false);
  c.attention_bias = flag(json, "attention_bias", false);
  if (c.num_heads % c.num_kv_heads != 0) refuse(fmt::format("{} query heads are not a multiple of {} key-value heads", c.num_heads, c.num_kv_heads));
  if (c.head_dim % 2 != 0) refuse(fmt::format("a head_dim of {} is odd", c.head_dim));
  if (c.attention_bias && c.architecture == "LlamaForCausalLM") refuse("attention_bias: true is not supported for llama");
  return c;
}

}  // namespace

HfConfig read_hf_config(const fs::path& directory) {
  if (!fs::exists(directory)) fail("model.missing", fmt::format("{} does not exist", directory.string()));
  const fs::path file = directory / "config.json";
  if (fs::is_symlink(file) && !fs::exists(file)) fail("model.blob", "snapshot link points to a missing blob (unfinished download)", file.string());
  if (!fs::exists(file)) fail("model.config", fmt::format("{} has no config.json", directory.string()));
  const Json json = parse_strict_json(base::read_file(file, 16 << 20), "config.json", "model.config.json");
  if (!json.is_object()) refuse("expected an object");
  HfConfig config = from_json(json);
  const fs::path generation = directory / "generation_config.json";
  const Json ends = fs::exists(generation) ? parse_strict_json(base::read_file(generation, 1 << 20), "generation_config.json", "model.config.json") : Json::object();
  config.eos_token_ids = token_ids(ends, "eos_token_id");
  if (config.eos_token_ids.empty()) config.eos_token_ids = token_ids(json, "eos_token_id");
  config.bos_token_id = token_id(json, "bos_token_id");
  config.pad_token_id = token_id(json, "pad_token_id");
  return config;
}

std::string to_config_json(const HfConfig& c) {
  Json json = {{"architectures", {c.architecture}}, {"model_type", c.model_type}, {"vocab_size", c.vocab_size}, {"hidden_size", c.hidden_size},
               {"intermediate_size", c.intermediate_size}, {"num_hidden_layers", c.num_layers}, {"num_attention_heads", c.num_heads},
               {"num_key_value_heads", c.num_kv_heads}, {"head_dim", c.head_dim}, {"hidden_act", "silu"}, {"max_position_embeddings", c.max_positions},
               {"rms_norm_eps", c.rms_norm_eps}, {"rope_theta", c.rope_theta}, {"tie_word_embeddings", c.tie_word_embeddings}, {"torch_dtype", "float32"}};
  if (!c.eos_token_ids.empty()) json["eos_token_id"] = c.eos_token_ids.front();
  if (c.bos_token_id) json["bos_token_id"] = *c.bos_token_id;
  if (c.pad_token_id) json["pad_token_id"] = *c.pad_token_id;
  return json.dump(2) + "\n";
}

}  // namespace lethe::models
