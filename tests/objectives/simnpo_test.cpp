#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(SimNpo, GivesThePublishedNumbers) {
  EXPECT_NEAR(loss_on_vectors("simnpo").terms["forget"], 0.00041910, 1e-8);
  EXPECT_NEAR(loss_on_vectors("{name: simnpo, delta: 1}").terms["forget"], 0.03521608, 1e-8);
  EXPECT_NEAR(loss_on_vectors("{name: simnpo, beta: 1}").terms["forget"], 0.34627072, 1e-8);
}

TEST(SimNpo, NeedsNoFrozenModel) {
  for (const RoleNeeds& role : objective_named("simnpo")->needs().roles)
    EXPECT_FALSE(role.reference_log_prob || role.reference_tap);
}

}  // namespace
}  // namespace lethe::objectives
