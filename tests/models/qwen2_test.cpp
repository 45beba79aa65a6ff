#include <gtest/gtest.h>

#include "framework/models/decoder_model.h"
#include "framework/models/family.h"

namespace lethe::models {
namespace {

TEST(Qwen2, HasBiasesOnQueriesKeysAndValues) {
  const HfConfig config{.architecture = "Qwen2ForCausalLM", .vocab_size = 11, .hidden_size = 8, .intermediate_size = 12, .num_layers = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 2, .tie_word_embeddings = true};
  EXPECT_EQ(family_of(config).name, "qwen2");
  const DecoderModel model = make_decoder_model(config);
  ASSERT_GE(model.layers[1].q_bias, 0);
  EXPECT_EQ(model.index.parameters()[model.layers[1].k_bias].shape, (std::vector<std::int64_t>{4}));
  EXPECT_EQ(model.index.find("model.layers.0.self_attn.o_proj.bias"), nullptr);
}

}  // namespace
}  // namespace lethe::models
