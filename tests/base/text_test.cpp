#include "framework/base/text.h"

#include <gtest/gtest.h>

namespace lethe::base {
namespace {

TEST(ClosestName, FindsTyposAndRefusesStrangers) {
  const std::vector<std::string> names = {"npo", "dpo", "grad_diff", "learning_rate"};
  EXPECT_EQ(closest_name("npoo", names), "npo");
  EXPECT_EQ(closest_name("lerning_rate", names), "learning_rate");
  EXPECT_EQ(closest_name("grad_dfif", names), "grad_diff");
  EXPECT_EQ(closest_name("bananas", names), std::nullopt);
  EXPECT_EQ(did_you_mean("bananas", names), "");
}

TEST(Patterns, AreTheShellsAndOfWholeTexts) {
  EXPECT_TRUE(matches_pattern("model.layers.1?.*", "model.layers.12.mlp.up_proj.weight"));
  EXPECT_FALSE(matches_pattern("model.layers.1?.*", "model.layers.1.mlp.up_proj.weight"));
  EXPECT_TRUE(matches_pattern("*.[01].*", "model.layers.1.mlp"));
  EXPECT_FALSE(matches_pattern("layers", "model.layers.1.mlp"));
}

TEST(ReadableSizes, UseBinaryUnits) {
  EXPECT_EQ(readable_bytes(17), "17 B");
  EXPECT_EQ(readable_bytes(1288490189), "1.2 GiB");
}

TEST(ReadableDurations, GrowTheirUnits) {
  EXPECT_EQ(readable_duration(3.14), "3.1 s");
  EXPECT_EQ(readable_duration(125), "2 min 05 s");
  EXPECT_EQ(readable_duration(3720), "1 h 02 min");
}

}  // namespace
}  // namespace lethe::base
