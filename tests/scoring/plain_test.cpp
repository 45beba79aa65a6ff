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

// K plain draws leave a relative error of R / sqrt K; R comes from antithetic pairs.
TEST(Plain, ItsErrorIsWhatTheDiagnosticSays) {
  auto toy = made_up_toy<double>();
  const MrdResult pairs = score(toy, with_draws(256, 1e-4), 0);
  EXPECT_GT(pairs.plain_relative_error, 10);
  MrdOptions options = with_draws(16, 1e-5, "plain");
  std::vector<double> relative;  // RMS over seeds of score / truth, for each sample
  for (std::int64_t i = 0; i < toy.num_samples(); ++i) {
    double square = 0;
    for (options.seed = 0; options.seed < 60; ++options.seed) {
      const double ratio = score(toy, options, 0).samples[i].score / (0.5e-10 * std::abs(toy.trace(i)));
      square += ratio * ratio / 60;
    }
    relative.push_back(std::sqrt(square));
  }
  EXPECT_NEAR(base::median_of_finite(relative) / (pairs.plain_relative_error / 4), 1, 0.25);
}

TEST(Plain, DividesByNoLessThanEps) {
  auto toy = made_up_toy<double>();
  MrdOptions options = with_draws(4, 1e-3, "plain");
  options.sigma = 1e-3;
  options.estimator_options = config::parse("{eps: 1000}");
  const MrdResult one = score(toy, options, 0);
  options.estimator_options = config::parse("{eps: 2000}");
  const MrdResult two = score(toy, options, 0);
  for (std::int64_t i = 0; i < toy.num_samples(); ++i)
    EXPECT_NEAR(one.samples[i].score / two.samples[i].score, 2, 1e-9) << i;
}

TEST(Plain, StepIsSigmaItself) {
  auto toy = made_up_toy<double>();
  MrdOptions options = with_draws(4, 1, "plain");
  options.sigma_eff.reset();
  options.sigma = 2e-4;
  EXPECT_EQ(score(toy, options, 0).sigma_eff, 2e-4);
}

}  // namespace
}  // namespace lethe::scoring
