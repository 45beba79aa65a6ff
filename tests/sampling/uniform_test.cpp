#include <gtest/gtest.h>

#include "framework/config/document.h"
#include "framework/sampling/sampler.h"

namespace lethe::sampling {
namespace {

TEST(Uniform, GivesEverySampleTheSameProbability) {
  config::Section root = config::parse("sampler: uniform");
  const auto sampler = make_sampler(root, "sampler", "uniform", "");
  sampler->update({.count = 4,
                   .seed = 3,
                   .total_steps = 10,
                   .scores = {1, 2, 3, 4},
                   .score_errors = {},
                   .tokens = {1, 1, 3, 4},
                   .losses = {0.1, 0.2, 0.4, 5.0}});
  for (const double p : sampler->weights(0).probability) EXPECT_DOUBLE_EQ(p, 0.25);
}

}  // namespace
}  // namespace lethe::sampling
