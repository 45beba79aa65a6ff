#include <gtest/gtest.h>

#include "framework/models/decoder_model.h"
#include "framework/models/family.h"

namespace lethe::models {
namespace {

TEST(Mistral, HasLlamasNamesAndAHeadOfItsOwn) {
  const HfConfig config{.architecture = "MistralForCausalLM", .vocab_size = 11, .hidden_size = 8, .intermediate_size = 12, .num_layers = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 2, .tie_word_embeddings = false};
  EXPECT_EQ(family_of(config).name, "mistral");
  const DecoderModel model = make_decoder_model(config);
  EXPECT_NE(model.head, model.embedding);
  EXPECT_EQ(model.index.parameters()[model.head].name, "lm_head.weight");
  EXPECT_EQ(model.index.segments().size(), 5u);
}

}  // namespace
}  // namespace lethe::models
