#include "framework/models/decoder_model.h"

#include <gtest/gtest.h>

#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

TEST(DecoderModel, UsesOneTensorTwiceWhereTheHeadIsTied) {
  HfConfig config = tiny_config();
  EXPECT_EQ(make_decoder_model(config).head, make_decoder_model(config).embedding);
  config.tie_word_embeddings = false;
  const DecoderModel untied = make_decoder_model(config);
  EXPECT_NE(untied.head, untied.embedding);
  EXPECT_EQ(untied.index.parameters()[untied.head].name, "lm_head.weight");
}

TEST(DecoderModel, KnowsTheBiasesOfAFamilyThatHasThem) {
  HfConfig config = tiny_config();
  EXPECT_EQ(make_decoder_model(config).layers[1].q_bias, -1);
  config.architecture = "Qwen2ForCausalLM";
  const DecoderModel qwen = make_decoder_model(config);
  ASSERT_GE(qwen.layers[1].q_bias, 0);
  EXPECT_EQ(qwen.index.parameters()[qwen.layers[1].k_bias].shape, (std::vector<std::int64_t>{4}));
}

}  // namespace
}  // namespace lethe::models
