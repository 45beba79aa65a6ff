// The estimators against traces and gradients in closed form.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "framework/base/statistics.h"
#include "framework/config/document.h"
#include "framework/scoring/mrd.h"
#include "tests/scoring/fixed_draws.h"
#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

TEST(MeanAbs, ConvergesToTheGradientNormAndNotToTheTrace) {
  auto toy = made_up_toy<double>();
  MrdOptions options = with_draws(4000, 1e-5, "mean_abs");
  options.distribution = Distribution::gaussian;
  const MrdResult result = score(toy, options, 0);
  for (std::int64_t i = 0; i < toy.num_samples(); ++i) {
    const double truth = 1e-5 * std::sqrt(2 / std::numbers::pi) * toy.gradient_norm(i);
    EXPECT_NEAR(result.samples[i].score, truth, 3.5 * result.samples[i].standard_error) << i;
    EXPECT_GT(result.samples[i].score, 1000 * 0.5e-10 * std::abs(toy.trace(i)));
  }
}

// As the public code clamps: where every |P| is below eps, each ratio is a difference over eps.
TEST(MeanAbs, DividesByNoLessThanEps) {
  auto toy = made_up_toy<double>();
  const auto with_eps = [&](const char* eps) {
    MrdOptions options = with_draws(8, 1e-5, "mean_abs");
    options.estimator_options = config::parse(std::string("{eps: ") + eps + "}");
    return score(toy, options, 0);
  };
  MrdOptions options = with_draws(8, 1e-5, "mean_abs");
  const MrdResult without = score(toy, options, 0), tiny = with_eps("1e-6"), large = with_eps("1000");
  options.mode = Mode::aggregate;
  const MrdResult differences = score(toy, options, 0);
  for (std::int64_t i = 0; i < toy.num_samples(); ++i) {
    const ScoredSample& difference = differences.samples[i];
    const double sum = difference.loss * static_cast<double>(difference.tokens);  // of |P|
    EXPECT_NEAR(large.samples[i].score * 1000 / (difference.score * sum), 1, 1e-9) << i;
    EXPECT_EQ(tiny.samples[i].score, without.samples[i].score);
  }
  EXPECT_EQ(without.estimator, "mean_abs");
  EXPECT_EQ(large.estimator, "mean_abs eps 1000");
}

// A mean of sizes is never zero by noise: the public code draws in proportion to it, however few the draws.
TEST(MeanAbs, WeighsEverySampleByItsScore) {
  auto toy = made_up_toy<double>();
  const MrdResult result = score(toy, with_draws(2, 1e-5, "mean_abs"), 0);
  EXPECT_EQ(result.unresolved, 0);
  std::int64_t noisy = 0;
  for (const ScoredSample& sample : result.samples) {
    EXPECT_EQ(sample.weight, sample.score);
    noisy += sample.score < 3 * sample.standard_error ? 1 : 0;
  }
  EXPECT_GT(noisy, 0) << "else nothing is asked here";
}

TEST(MeanAbs, GoesWithSigmaOnce) {
  auto toy = made_up_toy<double>();
  MrdOptions options = with_draws(8, 1e-5, "mean_abs");
  const double one = score(toy, options, 0).samples[0].score;
  options.sigma = 2e-5;
  EXPECT_NEAR(score(toy, options, 0).samples[0].score / one, 2, 1e-12);
}

}  // namespace
}  // namespace lethe::scoring
