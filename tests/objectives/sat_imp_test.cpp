#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(SatImp, GivesThePublishedNumber) {
  EXPECT_NEAR(-loss_on_vectors("sat_imp").terms["forget"], -0.01084543, 1e-8);
}

TEST(SatImp, WeighsTheForgetTermAsOpenUnlearningShipsIt) {
  EXPECT_EQ(objective_named("sat_imp")->terms(SmallBatch().batch())[0].weight, -0.1);
}

}  // namespace
}  // namespace lethe::objectives
