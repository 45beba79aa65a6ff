#include <gmock/gmock.h>

#include "framework/models/family.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::ElementsAre;

TEST(Llama, PutsTheTensorsOfALayerInTheirFixedOrder) {
  const ParameterIndex index = family_of(tiny_config()).index(tiny_config());
  std::vector<std::string> names;
  for (int i = 0; i < 11; ++i) names.push_back(index.parameters()[i].name);
  EXPECT_THAT(names,
              ElementsAre("model.embed_tokens.weight", "model.layers.0.input_layernorm.weight",
                          "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight",
                          "model.layers.0.self_attn.v_proj.weight", "model.layers.0.self_attn.o_proj.weight",
                          "model.layers.0.post_attention_layernorm.weight",
                          "model.layers.0.mlp.gate_proj.weight", "model.layers.0.mlp.up_proj.weight",
                          "model.layers.0.mlp.down_proj.weight", "model.layers.1.input_layernorm.weight"));
  EXPECT_EQ(index.parameters().back().name, "model.norm.weight");
}

TEST(Llama, HasShapesOfGroupedQueries) {
  const ParameterIndex index = family_of(tiny_config()).index(tiny_config());
  EXPECT_THAT(index.find("model.layers.1.self_attn.q_proj.weight")->shape, ElementsAre(8, 8));
  EXPECT_THAT(index.find("model.layers.1.self_attn.v_proj.weight")->shape, ElementsAre(4, 8));
  EXPECT_THAT(index.find("model.layers.1.mlp.down_proj.weight")->shape, ElementsAre(8, 12));
}

TEST(Llama, HasAHeadOfItsOwnOnlyWhereItIsNotTied) {
  HfConfig config = tiny_config();
  EXPECT_EQ(family_of(config).index(config).find("lm_head.weight"), nullptr);
  config.tie_word_embeddings = false;
  const ParameterIndex untied = family_of(config).index(config);
  EXPECT_EQ(untied.parameters().back().name, "lm_head.weight");
  EXPECT_EQ(untied.segments().back().name, "head");
}

}  // namespace
}  // namespace lethe::models
