#include "framework/sampling/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "tests/support/captured_log.h"

namespace lethe::sampling {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Weights weigh(const std::vector<double>& scores, WeightOptions options = {}) {
  return make_weights({.scores = scores, .errors = {}, .tokens = {}}, Mode::sum, options);
}

void expect_shares(const Weights& weights, const std::vector<double>& parts) {
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  ASSERT_EQ(weights.probability.size(), parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    EXPECT_NEAR(weights.probability[i], parts[i] / sum, 1e-15) << i;
}

TEST(Weights, AreProportionalToTheMagnitudeOfTheScore) { expect_shares(weigh({1, -2, 5}), {1, 2, 5}); }

TEST(Weights, ModeMeanDividesByTokens) {
  const std::vector<double> scores{10, 10, 30};
  const std::vector<std::int64_t> tokens{10, 5, 10};
  expect_shares(make_weights({.scores = scores, .errors = {}, .tokens = tokens}, Mode::mean, {}), {1, 2, 3});
}

TEST(Weights, PowerSharpensAndANegativeOneTurnsTheOrder) {
  expect_shares(weigh({1, 2, 3}, {.power = 2}), {1, 4, 9});
  expect_shares(weigh({1, 2, 4}, {.power = -1}), {4, 2, 1});
  expect_shares(weigh({1, 2, 4}, {.power = 0}), {1, 1, 1});
  expect_shares(weigh({0, 2, 4}, {.power = -1}), {2, 2, 1});  // zero counts as the smallest positive score
}

TEST(Weights, NoPowerOverflowsTinyOrHugeScores) {
  expect_shares(weigh({1e-200, 2e-200}, {.power = 3}), {1, 8});
  expect_shares(weigh({1e200, 2e200}, {.power = 3}), {1, 8});
  expect_shares(weigh({1, 1, 1e6}, {.power = -64}), {1, 1, 0});
  expect_shares(weigh({1e-200, 2e-200, 1e200}, {.power = -64}), {1, std::pow(2, -64), 0});
}

TEST(Weights, FloorLeavesNobodyBelowItsShare) {
  const Weights weights = weigh({0, 1, 3}, {.power = 1, .floor = 0.3});
  expect_shares(weights, {0.1, 0.7 * 0.25 + 0.1, 0.7 * 0.75 + 0.1});
}

TEST(Weights, UnresolvedScoresAreDebiased) {
  const std::vector<double> scores{5, 4, 1}, errors{3, 1, 2};
  const Weights weights = make_weights({.scores = scores, .errors = errors, .tokens = {}}, Mode::sum, {});
  expect_shares(weights, {4, 4, 0});  // sqrt(25 - 9), resolved, below its error
}

// Debiased they would be 4 and almost nothing, and the second would be drawn at nearly every step.
TEST(Weights, NoiseIsNotFavouredUnderANegativePower) {
  const std::vector<double> scores{5, 2.001, 8, 1}, errors{3, 2, 1, 2};
  const Weights weights =
      make_weights({.scores = scores, .errors = errors, .tokens = {}}, Mode::sum, {.power = -1});
  expect_shares(weights, {1.0 / 5, 1 / 2.001, 1.0 / 8, 1.0 / 2});
}

TEST(Weights, ScoresThatAreNoNumberTakeTheMedianAndAreCounted) {
  const CapturedLog log;
  for (int scoring = 0; scoring < 2; ++scoring)
    expect_shares(weigh({1, kNan, 3, INFINITY, 8}), {1, 3, 3, 3, 8});
  const std::string said = "warning[sampling.nonfinite]: 2 of 5 samples", text = log.text();
  ASSERT_NE(text.find(said), std::string::npos) << text;
  EXPECT_EQ(text.find(said), text.rfind(said)) << "said twice";
}

TEST(Weights, WithoutAPositiveScoreAllAreEqual) {
  for (const auto& scores : {std::vector<double>{0, 0, 0}, std::vector<double>{kNan, kNan, kNan}}) {
    const Weights weights = weigh(scores);
    expect_shares(weights, {1, 1, 1});
  }
}

TEST(Weights, EffectiveSampleSizeIsReported) {
  const Weights weights = weigh({1, 1, 2});
  EXPECT_DOUBLE_EQ(weights.effective_samples, 16.0 / 6);
  EXPECT_DOUBLE_EQ(equal_weights(7).effective_samples, 7);
}

}  // namespace
}  // namespace lethe::sampling
