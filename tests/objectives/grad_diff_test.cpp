#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(GradDiff, WeighsAscentAgainstDescent) {
  const auto terms =
      objective_named("{name: grad_diff, forget_weight: 0.5, retain_weight: 3}")->terms(SmallBatch().batch());
  EXPECT_EQ(terms[0].weight, -0.5);
  EXPECT_EQ(terms[1].weight, 3);
  EXPECT_NEAR(terms[1].sum.item<double>(), 2.75, 1e-12);
}

TEST(GradDiff, GivesThePublishedNumbers) {
  EXPECT_NEAR(loss_on_vectors("grad_diff").total, -0.97108409, 1e-8);
  EXPECT_NEAR(loss_on_vectors("{name: grad_diff, retain_loss: kl, compat: openunlearning}").total,
              -1.63982929, 1e-8);
}

TEST(GradDiff, ARetainWeightOfZeroReadsNoRetainSamples) {
  EXPECT_FALSE(objective_named("{name: grad_diff, retain_weight: 0}")->needs()[Role::retain].present);
}

}  // namespace
}  // namespace lethe::objectives
