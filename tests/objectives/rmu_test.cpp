#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(Rmu, GivesThePublishedNumbers) {
  // The control vector of seed 0, length 2: (1.06920095, 1.65515882, 0.19062750, 0.28446397).
  EXPECT_NEAR(loss_on_vectors("{name: rmu, compat: openunlearning}").terms["forget"], 1.45040555, 1e-6);
}

TEST(Rmu, ItsMeanWeighsSamplesAlike) {
  // Two samples of 3 and 2 rows at distance 1 and 2 of the frozen states: means 1 and 4.
  const auto objective = objective_named("rmu");
  MicroBatch batch = batch_for(objective->needs());
  RoleTokens& retain = batch[Role::retain];
  retain.tap = retain.reference_tap + at::tensor({1, 1, 1, 2, 2}, at::kDouble).unsqueeze(1);
  const Term term = objective->terms(batch)[1];
  EXPECT_NEAR(term.sum.item<double>(), 5, 1e-12);
  EXPECT_EQ(term.count, samples_of(Role::retain));
}

TEST(Rmu, TheControlVectorHasTheAskedLength) {
  const auto objective = objective_named("{name: rmu, steering_coefficient: 3}");
  MicroBatch batch;
  batch[Role::forget] = {.offsets = {0, 1}, .tap = at::zeros({1, 16}, at::kDouble)};
  EXPECT_NEAR(objective->terms(batch)[0].sum.item<double>(), 9.0 / 16, 1e-12);
}

}  // namespace
}  // namespace lethe::objectives
