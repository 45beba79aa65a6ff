#include "framework/models/family.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::models {
namespace {

void add_layer(ParameterIndex& index, const HfConfig& c, std::int64_t layer, bool qkv_bias) {
  const auto name = [&](const char* part) { return fmt::format("model.layers.{}.{}", layer, part); };
  const std::int64_t queries = c.num_heads * c.head_dim, keys = c.num_kv_heads * c.head_dim;
  index.begin_segment(fmt::format("layer {}", layer));
  index.add(name("input_layernorm.weight"), {c.hidden_size});
  for (const auto& [part, rows] : {std::pair{"q", queries}, std::pair{"k", keys}, std::pair{"v", keys}}) {
    index.add(name(fmt::format("self_attn.{}_proj.weight", part).c_str()), {rows, c.hidden_size});
    if (qkv_bias) index.add(name(fmt::format("self_attn.{}_proj.bias", part).c_str()), {rows});
  }
  index.add(name("self_attn.o_proj.weight"), {c.hidden_size, queries});
  index.add(name("post_attention_layernorm.weight"), {c.hidden_size});
  index.add(name("mlp.gate_proj.weight"), {c.intermediate_size, c.hidden_size});
  index.add(name("mlp.up_proj.weight"), {c.intermediate_size, c.hidden_size});
  index.add(name("mlp.down_proj.weight"), {c.hidden_size, c.intermediate_size});
}

}  // namespace

ParameterIndex llama_index(const HfConfig& c, bool qkv_bias) {
  ParameterIndex index;
  index.begin_segment("embedding");
  index.add("model.embed_tokens.weight", {c.vocab_size, c.hidden_size});
  for (std::int64_t layer = 0; layer < c.num_layers; ++layer) add_layer(index, c, layer, qkv_bias);
  index.begin_segment("final norm");
  index.add("model.norm.weight", {c.hidden_size});
  if (!c.tie_word_embeddings) {
    index.begin_segment("head");
    index.add("lm_head.weight", {c.vocab_size, c.hidden_size});
  }
  return index;
}

std::vector<std::string> supported_architectures() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) {
    for (const std::string& architecture : entry.make().architectures) names.push_back(architecture);
  }
  return names;
}

Family family_of(const HfConfig& config) {
  for (const Entry& entry : registry()) {
    Family family = entry.make();
    if (std::ranges::find(family.architectures, config.architecture) != family.architectures.end())
      return family;
  }
  fail("model.arch", fmt::format("{} is not supported; supported: {}", config.architecture,
                                 base::join(supported_architectures(), ", ")));
}

}  // namespace lethe::models
