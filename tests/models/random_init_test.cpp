#include "framework/models/random_init.h"

#include <gmock/gmock.h>

#include <cmath>

#include "framework/models/family.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

TEST(RandomInit, IsAFunctionOfSeedAndIndexWhoeverAsks) {
  const ParameterIndex index = family_of(tiny_config()).index(tiny_config());
  std::vector<float> whole(index.size()), other(index.size());
  random_weights(index, 7, 0, whole);
  for (std::uint64_t first = 0; first < index.size(); first += 29) {
    std::vector<float> part(std::min<std::uint64_t>(29, index.size() - first));
    random_weights(index, 7, first, part);
    for (std::size_t i = 0; i < part.size(); ++i) ASSERT_EQ(part[i], whole[first + i]);
  }
  random_weights(index, 8, 0, other);
  EXPECT_NE(whole, other);
}

TEST(RandomInit, HasGainsOfOneBiasesOfNoughtAndTheDeviationAskedFor) {
  HfConfig config = tiny_config();
  config.architecture = "Qwen2ForCausalLM";
  config.vocab_size = 4096;
  const ParameterIndex index = family_of(config).index(config);
  std::vector<float> all(index.size());
  random_weights(index, 3, 0, all, 0.05);
  const auto values = [&](const char* name) {
    const Parameter* p = index.find(name);
    return std::span(all).subspan(p->first, p->count);
  };
  EXPECT_THAT(values("model.layers.0.input_layernorm.weight"), ::testing::Each(1.0f));
  EXPECT_THAT(values("model.norm.weight"), ::testing::Each(1.0f));
  EXPECT_THAT(values("model.layers.1.self_attn.q_proj.bias"), ::testing::Each(0.0f));
  const auto embedding = values("model.embed_tokens.weight");
  const double count = static_cast<double>(embedding.size());
  double squares = 0;
  for (const float value : embedding) squares += double{value} * value;
  // The standard error of a deviation is sd / sqrt(2 n).
  EXPECT_NEAR(std::sqrt(squares / count), 0.05, 4 * 0.05 / std::sqrt(2 * count));
}

}  // namespace
}  // namespace lethe::models
