#include <gtest/gtest.h>

#include "framework/scoring/estimator.h"

namespace lethe::scoring {
namespace {

std::string choice(const Setting& setting) { return make_estimator("auto", {}, setting)->identity(); }

TEST(Auto, TakesPairsWhereTheyCanBeResolved) {
  EXPECT_EQ(choice({.precision = Precision::float32}), "antithetic");
  EXPECT_EQ(choice({.precision = Precision::float64}), "antithetic");
}

TEST(Auto, TakesJetsWhereThePairsBiasIsAboveTheAskedError) {
  EXPECT_EQ(choice({.precision = Precision::bfloat16}), "jet 2");
  EXPECT_EQ(choice({.precision = Precision::float32, .stop = {.weights = 0.005}}), "jet 2");
  EXPECT_EQ(choice({.precision = Precision::bfloat16, .stop = {.weights = 0.2}}), "antithetic");
}

TEST(Auto, AStepSetByHandMeansPairs) {
  EXPECT_EQ(choice({.precision = Precision::bfloat16, .step_given = true}), "antithetic");
}

}  // namespace
}  // namespace lethe::scoring
