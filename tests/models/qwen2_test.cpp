#include <gmock/gmock.h>

#include "framework/models/family.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

TEST(Qwen2, HasBiasesOnQueriesKeysAndValuesAndNowhereElse) {
  HfConfig config = tiny_config();
  config.architecture = "Qwen2ForCausalLM";
  EXPECT_EQ(family_of(config).name, "qwen2");
  std::vector<std::string> biases;
  const ParameterIndex index = family_of(config).index(config);
  for (const Parameter& p : index.parameters()) {
    if (p.name.starts_with("model.layers.0.") && p.name.ends_with(".bias"))
      biases.push_back(p.name.substr(15));
  }
  EXPECT_THAT(biases, ::testing::ElementsAre("self_attn.q_proj.bias", "self_attn.k_proj.bias",
                                             "self_attn.v_proj.bias"));
  EXPECT_THAT(index.find("model.layers.0.self_attn.k_proj.bias")->shape, ::testing::ElementsAre(4));
}

}  // namespace
}  // namespace lethe::models
