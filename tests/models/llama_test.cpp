#include <gtest/gtest.h>

#include "framework/models/decoder_model.h"
#include "framework/models/family.h"

namespace lethe::models {
namespace {

TEST(Llama, TiesItsHeadToTheEmbedding) {
  const HfConfig config{.architecture = "LlamaForCausalLM", .vocab_size = 11, .hidden_size = 8, .intermediate_size = 12, .num_layers = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 2, .tie_word_embeddings = true};
  EXPECT_EQ(family_of(config).name, "llama");
  const DecoderModel model = make_decoder_model(config);
  EXPECT_EQ(model.head, model.embedding);
  EXPECT_EQ(model.layers[1].q_bias, -1);
  EXPECT_EQ(model.index.size(), 11u * 8 + 2 * (2 * 8 + 2 * 64 + 2 * 32 + 3 * 96) + 8);
}

}  // namespace
}  // namespace lethe::models
