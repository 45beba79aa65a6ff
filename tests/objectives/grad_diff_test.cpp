#include <gtest/gtest.h>

#include "tests/objectives/batch.h"

namespace lethe::objectives {
namespace {

TEST(GradDiff, WeighsAscentAgainstDescent) {
  const auto terms =
      objective_named("{name: grad_diff, forget_weight: 0.5, retain_weight: 3}")->terms(SmallBatch().batch());
  EXPECT_EQ(terms[0].weight, -0.5);
  EXPECT_EQ(terms[1].weight, 3);
  EXPECT_NEAR(terms[1].sum.item<double>(), 2.75, 1e-12);
}

}  // namespace
}  // namespace lethe::objectives
