#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(Pdu, GivesThePublishedNumbers) {
  EXPECT_NEAR(loss_on_vectors("{name: pdu, compat: openunlearning}").terms["forget"], 26.42273445, 1e-8);
  EXPECT_NEAR(loss_on_vectors("pdu").terms["forget"], 26.42352971, 1e-8);
}

TEST(Pdu, TheRetainWeightFollowsTheBoundAfterWarmUp) {
  const auto objective =
      objective_named("{name: pdu, retain_bound: 0.25, dual_rate: 2, dual_warmup_epochs: 1}");
  const auto weight = [&] { return objective->terms({})[1].weight; };
  objective->after_update({.terms = {{"retain", 1.25}}, .epoch = 0.5});
  EXPECT_EQ(weight(), 1) << "warm-up";
  objective->after_update({.terms = {{"retain", 1.25}}, .epoch = 1});
  EXPECT_EQ(weight(), 3);
  objective->after_update({.terms = {{"retain", -5}}, .epoch = 2});
  EXPECT_EQ(weight(), 0) << "never below zero";
  EXPECT_EQ(objective->terms({})[1].offset, 0.25);
}

TEST(Pdu, WatchesTheBoundThoughTheWeightBeginsWithZero) {
  const auto objective = objective_named(
      "{name: pdu, retain_weight: 0, retain_bound: 0.25, dual_rate: 2, dual_warmup_epochs: 0}");
  EXPECT_TRUE(objective->needs()[Role::retain].present);
  EXPECT_EQ(objective->terms({})[1].weight, 0);
  objective->after_update({.terms = {{"retain", 1.25}}, .epoch = 0});
  EXPECT_EQ(objective->terms({})[1].weight, 2);
  EXPECT_FALSE(
      objective_named("{name: pdu, primal_dual: false, retain_weight: 0}")->needs()[Role::retain].present);
}

TEST(Pdu, GoesOnWhereACheckpointLeftIt) {
  const auto objective = objective_named("pdu");
  objective->restore(std::vector<double>{4.5});
  EXPECT_EQ(objective->terms({})[1].weight, 4.5);
  EXPECT_EQ(objective->state(), std::vector<double>{4.5});
}

}  // namespace
}  // namespace lethe::objectives
