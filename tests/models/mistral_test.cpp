#include <gtest/gtest.h>

#include "framework/models/family.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

TEST(Mistral, HasLlamasTensors) {
  HfConfig config = tiny_config();
  const ParameterIndex llama = family_of(config).index(config);
  config.architecture = "MistralForCausalLM";
  EXPECT_EQ(family_of(config).name, "mistral");
  const ParameterIndex mistral = family_of(config).index(config);
  ASSERT_EQ(mistral.parameters().size(), llama.parameters().size());
  for (std::size_t i = 0; i < llama.parameters().size(); ++i) {
    EXPECT_EQ(mistral.parameters()[i].name, llama.parameters()[i].name);
    EXPECT_EQ(mistral.parameters()[i].shape, llama.parameters()[i].shape);
  }
}

}  // namespace
}  // namespace lethe::models
