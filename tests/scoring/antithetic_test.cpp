// The estimators against traces and gradients in closed form.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "framework/base/statistics.h"
#include "framework/scoring/mrd.h"
#include "tests/scoring/fixed_draws.h"
#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

// Two classes with logits (w.x, 0): W is one row that moves and one that x does not see.
SoftmaxToy<double> two_classes() { return {2, std::vector<double>(12), {{{{1, 2, 2, 0, 0, 0}, 0}}}}; }

TEST(Antithetic, AgreesWithTheTraceInClosedForm) {
  auto toy = made_up_toy<double>();
  const MrdResult result = score(toy, with_draws(512, 1e-4), 0);
  for (std::int64_t i = 0; i < toy.num_samples(); ++i) {
    const double truth = 0.5e-10 * std::abs(toy.trace(i));
    EXPECT_NEAR(result.samples[i].score, truth, 3.5 * result.samples[i].standard_error) << i;
    EXPECT_LT(result.samples[i].standard_error, 0.05 * truth) << i;
    EXPECT_TRUE(result.samples[i].resolved);
  }
}

// Logits (w.x, 0) with x = (1, 2, 2), w = 0: Tr H / P = (9/4) / ln 2 for one moving row; both rows move in
// the toy, each alike.
TEST(Antithetic, AgreesWithTwoClassesByHand) {
  auto toy = two_classes();
  EXPECT_NEAR(toy.trace(0), 2 * 3.24606, 1e-4);
  const MrdResult result = score(toy, with_draws(2048, 1e-3), 0);
  EXPECT_NEAR(result.samples[0].score, 2 * 1.62303e-10, 3 * result.samples[0].standard_error);
  EXPECT_LT(result.samples[0].standard_error, 0.04 * 2 * 1.62303e-10);
}

TEST(Antithetic, SeesNothingInAModelThatIsLinearInItsWeights) {
  LinearToy toy(3, made_up_weights<double>(3 * 16, 0.1), made_up_samples(6, 16, 3));
  const Functional f(toy, Mode::sum, {.seed = 4});
  const auto estimator = make_estimator("antithetic", {});
  for (const DrawValues& draw : estimator->draws(f, 1e-3, 0, 8)) {
    for (const double a : draw.value) EXPECT_LT(std::abs(a), 1e-12);
    for (const double b : draw.first_order) EXPECT_GT(std::abs(b), 1e-7);
  }
}

TEST(Antithetic, ScoreGoesWithTheSquareOfSigmaAndNotWithTheStep) {
  auto toy = made_up_toy<float>(12, 64, 5, 40);
  MrdOptions options = with_draws(16, 1e-4);
  const MrdResult one = score(toy, options, 0);
  options.sigma = 3e-5;
  const MrdResult unit = score(toy, options, 0);
  options.sigma = 1e-5;
  double sum[3] = {0, 0, 0};
  const double steps[3] = {1e-4, 2e-4, 3e-4};
  for (int s = 0; s < 3; ++s) {
    options.sigma_eff = steps[s];
    for (const ScoredSample& sample : score(toy, options, 0).samples) sum[s] += sample.score;
  }
  EXPECT_NEAR(unit.samples[3].score / one.samples[3].score, 9, 1e-9);
  EXPECT_NEAR(sum[1] / sum[0], 1, 1e-3);
  EXPECT_NEAR(sum[2] / sum[0], 1, 1e-3);
}

TEST(Antithetic, GaussianNoiseEstimatesTheSameTrace) {
  auto toy = made_up_toy<double>();
  MrdOptions options = with_draws(512, 1e-4);
  options.distribution = Distribution::gaussian;
  const MrdResult result = score(toy, options, 0);
  for (std::int64_t i = 0; i < toy.num_samples(); ++i) {
    EXPECT_NEAR(result.samples[i].score, 0.5e-10 * std::abs(toy.trace(i)),
                3.5 * result.samples[i].standard_error);
  }
}

// (estimate - truth) / SE over 100 seeds; 1.07 is what 16 normal draws give.
TEST(Antithetic, StandardErrorIsHonest) {
  auto toy = made_up_toy<double>();
  MrdOptions options = with_draws(1024, 1e-4);
  options.seed = 1000;
  const MrdResult reference = score(toy, options, 0);
  options.stop = {.min_draws = 16, .max_draws = 16};
  std::vector<double> deviations;
  for (options.seed = 0; options.seed < 100; ++options.seed) {
    const MrdResult result = score(toy, options, 0);
    for (std::size_t i = 0; i < result.samples.size(); ++i) {
      deviations.push_back((result.samples[i].score - reference.samples[i].score) /
                           result.samples[i].standard_error);
    }
  }
  EXPECT_GT(base::standard_deviation(deviations), 0.8);
  EXPECT_LT(base::standard_deviation(deviations), 1.3);
  EXPECT_LT(std::abs(base::mean(deviations)), 0.3);
}

}  // namespace
}  // namespace lethe::scoring
