#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/scoring/estimator.h"
#include "tests/support/captured_log.h"

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

TEST(Auto, LeavesARankingInBf16ToJets) {
  const StopOptions loose{.weights = 0.2, .ranking = 0.9};
  EXPECT_EQ(choice({.precision = Precision::bfloat16, .stop = loose}), "jet 2");
  EXPECT_EQ(choice({.precision = Precision::bfloat16, .stop = loose, .step_given = true}), "antithetic");
  EXPECT_EQ(choice({.precision = Precision::float32, .stop = loose}), "antithetic");
}

// The figures that it says, as text.
std::string said(const StopOptions& stop) {
  const CapturedLog log;
  (void)choice({.precision = Precision::float32, .stop = stop});
  return log.text();
}

TEST(Auto, ExpectsNoMoreDirectionsThanAreAllowed) {
  EXPECT_THAT(said({.weights = 1e-12, .max_draws = 9}),
              testing::HasSubstr("about 9 directions are expected"));
  EXPECT_THAT(said({.weights = 1e-300, .max_draws = 9}),
              testing::HasSubstr("about 9 directions are expected"));
  EXPECT_THAT(said({.weights = 0.03}), testing::HasSubstr("about 5 directions are expected"));
  EXPECT_THAT(said({.weights = 0.5}), testing::HasSubstr("about 4 directions are expected"));
}

TEST(Auto, AStepSetByHandMeansPairs) {
  EXPECT_EQ(choice({.precision = Precision::bfloat16, .step_given = true}), "antithetic");
}

}  // namespace
}  // namespace lethe::scoring
