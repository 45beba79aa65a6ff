#include <gtest/gtest.h>

#include <cmath>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(Undial, GivesThePublishedNumbers) {
  EXPECT_NEAR(loss_on_vectors("{name: undial, compat: openunlearning}").total, 5.30771726, 1e-8);
  EXPECT_NEAR(loss_on_vectors("undial").total, 5.59192657, 1e-8);
}

TEST(Undial, EqualsTheLoweredSoftmaxWhereTheReferenceIsSure) {
  // p_ref(y) = 1 - 1e-9 in float32: the target distribution must not collapse.
  const auto objective = objective_named("undial");
  MicroBatch batch;
  batch[Role::forget] = {.offsets = {0, 1},
                         .statistics = {{"log_prob", at::tensor({-3.0F}, at::kFloat)},
                                        {"reference_log_prob", at::tensor({-1e-9F}, at::kFloat)},
                                        {"reference_others_cross_entropy", at::tensor({5.0F}, at::kFloat)}}};
  const double odds = std::exp(-10.0) / 1e-9, on_target = odds / (1 + odds);
  EXPECT_NEAR(objective->terms(batch)[0].sum.item<double>(), on_target * 3 + (1 - on_target) * 5, 1e-6);
}

}  // namespace
}  // namespace lethe::objectives
