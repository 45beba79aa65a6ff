#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(Wga, GivesThePublishedNumber) {
  EXPECT_NEAR(-loss_on_vectors("wga").terms["forget"], -0.17547035, 1e-8);
}

TEST(Wga, IsGradientAscentAtBetaZero) {
  const SmallBatch small;
  const auto wga = objective_named("{name: wga, beta: 0}")->terms(small.batch())[0];
  EXPECT_NEAR(wga.sum.item<double>(), 3.875, 1e-12);
  EXPECT_EQ(wga.weight, -1);
}

}  // namespace
}  // namespace lethe::objectives
