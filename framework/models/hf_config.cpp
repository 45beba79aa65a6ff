#include "framework/models/hf_config.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/models/config_reader.h"
#include "framework/models/family.h"
#include "framework/models/generation_config.h"
#include "framework/models/mapped_file.h"
#include "framework/models/rope_config.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

// Larger than any model, small enough that no product of them overflows 64 bits.
constexpr std::int64_t kMostTokens = 1 << 27, kWidest = 1 << 20, kMostLayers = 10'000, kMostHeads = 1 << 14,
                       kMostPositions = std::int64_t{1} << 31;

nlohmann::json read_config_json(const std::filesystem::path& directory) {
  if (!std::filesystem::is_directory(directory))
    fail("model.missing", directory.string() + " does not exist");
  const auto file = directory / "config.json";
  require_readable(file, "model.config", directory.string() + " has no config.json");
  return read_strict_json(file, "model.config.json", 4 << 20);
}

void refuse_quantised(const ConfigReader& reader) {
  const auto quantisation = reader.object("quantization_config");
  if (!quantisation) return;
  const std::string method = printable(quantisation->text_or("quant_method", "of an unnamed method"), 24);
  fail("model.quantised", fmt::format("quantization_config {} is not trainable here", method),
       "use the model's original weights in bfloat16 or float32");
}

// The architecture and its family; the model's own Python code is never run.
void read_architecture(const ConfigReader& reader, HfConfig& config) {
  const auto names = reader.texts("architectures"), supported = supported_architectures();
  const auto native =
      std::ranges::find_if(names, [&](const auto& name) { return std::ranges::count(supported, name) > 0; });
  if (native == names.end() && reader.has("auto_map")) {
    fail("model.remotecode", "the model asks for its own Python code; not supported",
         fmt::format("supported architectures: {}", base::join(supported, ", ")));
  }
  if (native == names.end()) {
    const std::string first = names.empty() ? "a model that names no architecture" : printable(names.front());
    fail("model.arch", fmt::format("{} is not supported; supported: {}", first, base::join(supported, ", ")));
  }
  if (reader.has("auto_map"))
    base::warn_once("model.remotecode", "auto_map is ignored: " + *native + " is native here");
  config.architecture = *native;
  config.model_type = reader.text_or("model_type", family_of(config).name);
  if (config.model_type != family_of(config).name) {
    fail("model.arch",
         fmt::format("model_type {} with {} is not supported; {} belongs to {}",
                     printable(config.model_type, 24), *native, *native, family_of(config).name));
  }
}

void read_sizes(const ConfigReader& reader, HfConfig& config) {
  config.vocab_size = reader.integer("vocab_size", 1, kMostTokens);
  config.hidden_size = reader.integer("hidden_size", 1, kWidest);
  config.intermediate_size = reader.integer("intermediate_size", 1, kWidest);
  config.num_layers = reader.integer("num_hidden_layers", 1, kMostLayers);
  config.num_heads = reader.integer("num_attention_heads", 1, kMostHeads);
  // Llama's default; other families have other ones, so there the key is required.
  config.num_kv_heads = config.model_type == "llama"
                            ? reader.integer_or("num_key_value_heads", 1, kMostHeads, config.num_heads)
                            : reader.integer("num_key_value_heads", 1, kMostHeads);
  if (config.num_heads % config.num_kv_heads != 0) {
    reader.refuse("num_key_value_heads", fmt::format("must divide the {} attention heads", config.num_heads));
  }
}

void read_head_dim(const ConfigReader& reader, HfConfig& config) {
  if (!reader.has("head_dim") && config.hidden_size % config.num_heads != 0) {
    reader.refuse("hidden_size",
                  fmt::format("must be a multiple of the {} attention heads", config.num_heads));
  }
  config.head_dim = reader.integer_or("head_dim", 2, 1 << 14, config.hidden_size / config.num_heads);
  if (config.head_dim % 2 != 0) reader.refuse("head_dim", "must be even for rotary positions");
}

void require_value(const ConfigReader& reader, const char* key, bool holds, const std::string& supported) {
  if (!holds) reader.refuse(key, "is not supported with this value; supported: " + supported);
}

// A window at least as long as the longest document changes nothing; a shorter one needs an attention that is
// not here.
void read_window(const ConfigReader& reader, HfConfig& config) {
  const bool is_mistral = config.model_type == "mistral";
  if (!reader.boolean_or("use_sliding_window", is_mistral)) return;
  // Mistral's default, where the key is absent; null switches it off.
  const bool by_default = is_mistral && !reader.states("sliding_window");
  if (!by_default && !reader.has("sliding_window")) return;
  const std::int64_t window = by_default ? 4096 : reader.integer("sliding_window", 1, kMostPositions);
  config.sliding_window = window;
  if (window >= config.max_positions) return;
  fail(
      "model.config.json", fmt::format("config.json: a sliding_window of {} tokens is not supported", window),
      fmt::format("where no document is longer, set sliding_window to null and max_position_embeddings to {}",
                  window));
}

// Switches that would change the arithmetic: what cannot be done is refused, never ignored.
void refuse_unsupported(const ConfigReader& reader, const HfConfig& config) {
  require_value(reader, "hidden_act", reader.text_or("hidden_act", "silu") == "silu", "silu");
  require_value(reader, "mlp_bias", !reader.boolean_or("mlp_bias", false), "false");
  // In Llama the switch puts a bias on o_proj too, which the decoder has not.
  require_value(reader, "attention_bias",
                !reader.boolean_or("attention_bias", false) || config.model_type != "llama", "false");
  require_value(reader, "partial_rotary_factor", reader.positive_or("partial_rotary_factor", 1.0) == 1.0,
                "1.0");
}

void read_token_ids(const ConfigReader& reader, HfConfig& config) {
  if (const auto ids = reader.token_ids("eos_token_id"); !ids.empty()) config.eos_token_ids = ids;
  if (const auto ids = reader.token_ids("bos_token_id"); !ids.empty()) config.bos_token_id = ids.front();
  if (const auto ids = reader.token_ids("pad_token_id"); !ids.empty()) config.pad_token_id = ids.front();
}

// Chat models often name more end tokens there than in config.json.
void take_token_ids(const GenerationConfig& generation, HfConfig& config) {
  if (!generation.eos_token_ids.empty()) config.eos_token_ids = generation.eos_token_ids;
  if (generation.bos_token_id) config.bos_token_id = generation.bos_token_id;
  if (generation.pad_token_id) config.pad_token_id = generation.pad_token_id;
}

}  // namespace

HfConfig read_hf_config(const std::filesystem::path& directory) {
  const nlohmann::json json = read_config_json(directory);
  const ConfigReader reader(json, "config.json");
  HfConfig config;
  refuse_quantised(reader);
  read_architecture(reader, config);
  read_sizes(reader, config);
  read_head_dim(reader, config);
  config.max_positions = reader.integer("max_position_embeddings", 1, kMostPositions);
  config.rms_norm_eps = reader.positive("rms_norm_eps");
  config.tie_word_embeddings = reader.boolean_or("tie_word_embeddings", false);
  config.attention_bias = config.model_type == "qwen2";
  read_rope(reader, config);
  refuse_unsupported(reader, config);
  read_window(reader, config);
  read_token_ids(reader, config);
  take_token_ids(read_generation_config(directory), config);
  return config;
}

}  // namespace lethe::models
