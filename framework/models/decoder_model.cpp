#include "framework/models/decoder_model.h"

#include "framework/base/error.h"
#include "framework/models/family.h"
#include "framework/models/rope_scaling.h"

namespace lethe::models {
namespace {

int number_of(const ParameterIndex& index, const std::string& name) {
  const Parameter* parameter = index.find(name);
  return parameter == nullptr ? -1 : static_cast<int>(parameter - index.parameters().data());
}

LayerParameters layer_parameters(const ParameterIndex& index, std::int64_t layer) {
  const auto find = [&](const char* part) {
    return number_of(index, fmt::format("model.layers.{}.{}", layer, part));
  };
  LayerParameters p{.input_norm = find("input_layernorm.weight"),
                    .q = find("self_attn.q_proj.weight"),
                    .k = find("self_attn.k_proj.weight"),
                    .v = find("self_attn.v_proj.weight"),
                    .o = find("self_attn.o_proj.weight"),
                    .q_bias = find("self_attn.q_proj.bias"),
                    .k_bias = find("self_attn.k_proj.bias"),
                    .v_bias = find("self_attn.v_proj.bias"),
                    .post_attention_norm = find("post_attention_layernorm.weight"),
                    .gate = find("mlp.gate_proj.weight"),
                    .up = find("mlp.up_proj.weight"),
                    .down = find("mlp.down_proj.weight")};
  p.segment = index.parameters()[p.input_norm].segment;
  return p;
}

}  // namespace

DecoderModel make_decoder_model(const HfConfig& config) {
  DecoderModel model{.config = config, .index = family_of(config).index(config)};
  model.shape = {.num_heads = config.num_heads,
                 .num_kv_heads = config.num_kv_heads,
                 .head_dim = config.head_dim,
                 .rms_norm_eps = config.rms_norm_eps};
  model.rope_frequencies =
      scaled_frequencies(ops::rope_frequencies(config.rope_theta, config.head_dim), config.rope_scaling);
  model.embedding = number_of(model.index, "model.embed_tokens.weight");
  model.final_norm = number_of(model.index, "model.norm.weight");
  model.head = config.tie_word_embeddings ? model.embedding : number_of(model.index, "lm_head.weight");
  LETHE_CHECK(model.embedding >= 0 && model.final_norm >= 0 && model.head >= 0,
              "the family's index lacks a block");
  for (std::int64_t layer = 0; layer < config.num_layers; ++layer)
    model.layers.push_back(layer_parameters(model.index, layer));
  return model;
}

}  // namespace lethe::models
