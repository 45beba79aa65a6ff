// The jet estimator against traces in closed form and against pairs along the same directions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/scoring/mrd.h"
#include "tests/scoring/fixed_draws.h"
#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

MrdOptions jets(std::int64_t draws, std::int64_t group) {
  MrdOptions o = with_draws(draws, 1, "jet");
  o.sigma_eff.reset();
  o.estimator_options = config::parse(fmt::format("group: {}\n", group), "test.yaml");
  return o;
}

TEST(JetEstimator, AgreesWithTheTraceInClosedForm) {
  auto toy = made_up_toy<double>();
  const MrdResult result = score(toy, jets(128, 4), 0);
  for (std::int64_t i = 0; i < toy.num_samples(); ++i) {
    const double truth = 0.5e-10 * std::abs(toy.trace(i));
    EXPECT_NEAR(result.samples[i].score, truth, 3.5 * result.samples[i].standard_error) << i;
    EXPECT_LT(result.samples[i].standard_error, 0.05 * truth) << i;
  }
}

// Logits (w.x, 0), w = 0, x = (1, 2, 2): Tr H / P = 3.24606 for each of the two rows that move.
TEST(JetEstimator, AgreesWithTwoClassesByHand) {
  SoftmaxToy<double> toy(2, std::vector<double>(12), {{{{1, 2, 2, 0, 0, 0}, 0}}});
  const MrdResult result = score(toy, jets(1024, 2), 0);
  EXPECT_NEAR(result.samples[0].score, 2 * 1.62303e-10, 3 * result.samples[0].standard_error);
}

TEST(JetEstimator, IsThePairAlongTheSameDirectionWithoutItsStep) {
  auto toy = made_up_toy<double>();
  const MrdResult jet = score(toy, jets(6, 1), 0), pairs = score(toy, with_draws(6, 1e-4), 0);
  for (std::size_t i = 0; i < jet.samples.size(); ++i) {
    EXPECT_NEAR(jet.samples[i].score / pairs.samples[i].score, 1, 1e-4) << i;
    EXPECT_NEAR(jet.samples[i].standard_error / pairs.samples[i].standard_error, 1, 1e-3) << i;
  }
  EXPECT_NEAR(jet.plain_relative_error / pairs.plain_relative_error, 1, 1e-3);
}

TEST(JetEstimator, AGroupIsTheMeanOfItsDirections) {
  auto toy = made_up_toy<double>();
  const MrdResult grouped = score(toy, jets(3, 4), 0), single = score(toy, jets(12, 1), 0);
  for (std::size_t i = 0; i < grouped.samples.size(); ++i)
    EXPECT_NEAR(grouped.samples[i].score / single.samples[i].score, 1, 1e-12);
  EXPECT_EQ(grouped.passes, 1 + 3);
  EXPECT_EQ(grouped.calibration_passes, 0);
}

TEST(JetEstimator, ModesAreThoseOfTheOtherEstimators) {
  auto toy = made_up_toy<double>();
  for (const Mode mode : {Mode::sum, Mode::mean, Mode::aggregate}) {
    MrdOptions jet = jets(4, 1), pairs = with_draws(4, 1e-4);
    jet.mode = pairs.mode = mode;
    const MrdResult a = score(toy, jet, 0), b = score(toy, pairs, 0);
    for (std::size_t i = 0; i < a.samples.size(); ++i)
      EXPECT_NEAR(a.samples[i].score / b.samples[i].score, 1, 1e-3);
  }
}

TEST(JetEstimator, SeesNothingInAModelThatIsLinearInItsWeights) {
  LinearToy toy(3, made_up_weights<double>(3 * 16, 0.1), made_up_samples(6, 16, 3));
  const Functional f(toy, Mode::sum, {.seed = 4});
  for (const DrawValues& draw : make_estimator("jet", {})->draws(f, 1, 0, 8)) {
    for (const double a : draw.value) EXPECT_EQ(a, 0);
    for (const double b : draw.first_order) EXPECT_GT(std::abs(b), 1e-4);
  }
}

TEST(JetEstimator, RefusesAStep) {
  auto toy = made_up_toy<double>();
  try {
    (void)score(toy, with_draws(4, 1e-3, "jet"), 0);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "config.conflict");
    EXPECT_EQ(error.message(), "score.sigma_eff: `jet` takes no step");
  }
}

// Draws of two directions must not be continued by draws of four.
TEST(JetEstimator, AStateOfOtherGroupsIsRefused) {
  auto toy = made_up_toy<double>();
  MrdRun two(toy, jets(8, 2), 0), four(toy, jets(8, 4), 0);
  two.advance();
  EXPECT_THROW(four.resume(two.state()), Error);
}

}  // namespace
}  // namespace lethe::scoring
