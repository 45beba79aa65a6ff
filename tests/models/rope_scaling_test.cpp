#include "framework/models/rope_scaling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>

namespace lethe::models {
namespace {

std::vector<double> plain_frequencies(double theta, int head_dim) {
  std::vector<double> frequencies;
  for (int i = 0; i < head_dim / 2; ++i) frequencies.push_back(std::pow(theta, -2.0 * i / head_dim));
  return frequencies;
}

TEST(RopeScaling, DividesByTheFactorWhereItIsLinear) {
  const std::vector<double> expected = {0.5, 0.05};
  EXPECT_EQ(scaled_frequencies({1.0, 0.1}, {.type = "linear", .factor = 2}), expected);
}

TEST(RopeScaling, LeavesTheDefaultAlone) {
  const auto plain = plain_frequencies(10000, 8);
  EXPECT_EQ(scaled_frequencies(plain, {.type = "default", .factor = 2}), plain);
}

// tests/golden/models/rope_llama3.py made the file; transformers computes in float32.
TEST(RopeScaling, EqualsTransformersForLlama3) {
  std::ifstream golden(LETHE_SOURCE_DIR "/tests/golden/models/rope_llama3.txt");
  std::string heading;
  ASSERT_TRUE(std::getline(golden, heading));
  const RopeScaling scaling{.type = "llama3",
                            .factor = 8,
                            .low_freq_factor = 1,
                            .high_freq_factor = 4,
                            .original_max_positions = 8192};
  const auto ours = scaled_frequencies(plain_frequencies(500000, 64), scaling);
  for (const double frequency : ours) {
    double theirs = 0;
    ASSERT_TRUE(golden >> theirs);
    // The power and five operations after it, each rounded to float32.
    EXPECT_NEAR(frequency, theirs, 16 * std::numeric_limits<float>::epsilon() * theirs);
  }
}

}  // namespace
}  // namespace lethe::models
