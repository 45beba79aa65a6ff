#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(GradAscent, AscendsOnTheForgetSetAlone) {
  const auto objective = objective_named("grad_ascent");
  const auto terms = objective->terms(SmallBatch().batch());
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0].weight, -1);
  EXPECT_NEAR(terms[0].sum.item<double>(), 3.875, 1e-12);
  EXPECT_FALSE(objective->needs()[Role::retain].present);
}

TEST(GradAscent, GivesThePublishedNumber) {
  EXPECT_NEAR(loss_on_vectors("grad_ascent").total, -1.65972918, 1e-8);
}

}  // namespace
}  // namespace lethe::objectives
