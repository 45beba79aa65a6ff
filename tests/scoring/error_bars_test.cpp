#include "framework/scoring/error_bars.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

using Matrix = std::vector<std::vector<double>>;

// a[k][i] = truth_i (1 + shared_k + own_ki), negative like real second-order values.
Matrix noisy(const std::vector<double>& truth, std::size_t draws, double own, std::uint64_t seed,
             double shared = 0.1) {
  Matrix a(draws, std::vector<double>(truth.size()));
  for (std::size_t k = 0; k < draws; ++k) {
    const double common = shared * made_up_normal(seed, k);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      a[k][i] = -truth[i] * (1 + common + own * made_up_normal(seed, 1000 + k * truth.size() + i));
    }
  }
  return a;
}

std::vector<double> spread_truth(std::size_t count) {
  std::vector<double> truth(count);
  for (std::size_t i = 0; i < count; ++i) truth[i] = 1 + 0.1 * static_cast<double>(i);
  return truth;
}

double distance_of_weights(const std::vector<double>& a, const std::vector<double>& b) {
  double sum_a = 0, sum_b = 0, distance = 0;
  for (const double v : a) sum_a += std::abs(v);
  for (const double v : b) sum_b += std::abs(v);
  for (std::size_t i = 0; i < a.size(); ++i)
    distance += std::abs(std::abs(a[i]) / sum_a - std::abs(b[i]) / sum_b) / 2;
  return distance;
}

TEST(ErrorBars, MeanAndStandardErrorOfEachSample) {
  const Matrix a{{1, 10}, {3, 10}, {8, 10}};
  EXPECT_EQ(means(a), (std::vector<double>{4, 10}));
  EXPECT_DOUBLE_EQ(standard_errors(a)[0], std::sqrt(13.0) / std::sqrt(3.0));
  EXPECT_EQ(standard_errors(a)[1], 0);
}

TEST(TotalVariation, PredictsTheTrueErrorOfTheWeights) {
  const auto truth = spread_truth(40);
  double predicted = 0, actual = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Matrix a = noisy(truth, 8, 0.2, seed);
    predicted += expected_total_variation(a) / 200;
    actual += distance_of_weights(means(a), truth) / 200;
  }
  EXPECT_NEAR(predicted / actual, 1, 0.08);
}

TEST(TotalVariation, NoiseThatAllSamplesShareCostsNothing) {
  EXPECT_NEAR(expected_total_variation(noisy(spread_truth(20), 6, 0, 1, 0.5)), 0, 1e-15);
}

TEST(TotalVariation, SaysNothingOfOneDrawOrOfZeros) {
  EXPECT_EQ(expected_total_variation(Matrix{{1, 2}}), 1);
  EXPECT_EQ(expected_total_variation(Matrix{{0, 0}, {0, 0}}), 1);
}

TEST(TotalVariation, LeavesOutASampleThatIsNoNumber) {
  Matrix a = noisy(spread_truth(5), 6, 0.2, 3);
  const double before = expected_total_variation(a);
  for (auto& row : a) row.push_back(1);
  a[2].back() = NAN;
  EXPECT_EQ(expected_total_variation(a), before);
}

TEST(Reliability, IsOneWithoutNoiseAndNearNoneWithoutSignal) {
  EXPECT_DOUBLE_EQ(ranking_reliability(noisy(spread_truth(30), 4, 0, 1)), 1);
  EXPECT_LT(ranking_reliability(noisy(std::vector<double>(200, 1.0), 4, 0.3, 2)), 0.3);
}

// With parallel halves the reliability is the squared correlation of the estimate with the truth, for normal
// data.
TEST(Reliability, GrowsWithTheNumberOfDraws) {
  const auto truth = spread_truth(60);
  const double few = ranking_reliability(noisy(truth, 2, 1, 5)),
               many = ranking_reliability(noisy(truth, 64, 1, 5));
  EXPECT_LT(few, many);
  EXPECT_GT(many, 0.9);
}

TEST(Stop, NeedsTheLeastDrawsAndEndsAtTheMost) {
  const Matrix exact = noisy(spread_truth(10), 10, 0, 1);
  const Draws draws(exact);
  EXPECT_FALSE(enough(draws.first(3), {}));
  EXPECT_TRUE(enough(draws.first(4), {}));
  const Matrix poor = noisy(spread_truth(10), 10, 3, 1);
  EXPECT_FALSE(enough(Draws(poor).first(9), {.max_draws = 10}));
  EXPECT_TRUE(enough(poor, {.max_draws = 10}));
}

TEST(Stop, RankingIsASecondConditionWhereAsked) {
  // The samples differ by little: the weights are good long before the ranking is.
  std::vector<double> truth(30);
  for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = 1 + 1e-4 * static_cast<double>(i);
  const Matrix a = noisy(truth, 8, 0.02, 1);
  EXPECT_TRUE(enough(a, {.weights = 0.03}));
  EXPECT_FALSE(enough(a, {.weights = 0.03, .ranking = 0.95}));
}

TEST(Stop, AsksForNoRankingOfASingleSample) {
  EXPECT_TRUE(enough(noisy({1.0}, 8, 0.02, 1), {.weights = 0.03, .ranking = 0.95}));
}

}  // namespace
}  // namespace lethe::scoring
