#include "framework/scoring/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

template <class Toy>
Calibration calibrate_toy(Toy& toy, Mode mode = Mode::sum) {
  const Functional f(toy, mode, {.seed = 1});
  return calibrate(f, *make_estimator("antithetic", {}));
}

void expect_in_band(const Calibration& found, Precision precision) {
  const ChangeBand band = band_of(precision);
  EXPECT_TRUE(found.accepted);
  EXPECT_GE(found.c, band.low);
  EXPECT_LE(found.c, band.high);
  EXPECT_LT(found.passes, 100);
}

TEST(Calibration, FindsTheTargetChangeOnLargeAndSmallModels) {
  for (const double scale : {0.1, 1.0, 30.0}) {
    auto toy = made_up_toy<float>(40, 16, 5, scale);
    const Calibration found = calibrate_toy(toy);
    expect_in_band(found, Precision::float32);
    EXPECT_NEAR(found.c, 0.01, 0.0101);
    EXPECT_GE(found.doubling, 3.8);
    EXPECT_LE(found.doubling, 4.5);
  }
}

TEST(Calibration, AimsHigherWhereActivationsAreBf16) {
  auto toy = made_up_toy<float>(40, 64, 8);
  toy.precision_ = Precision::bfloat16;
  toy.activation = to_bf16;
  const Calibration found = calibrate_toy(toy);
  EXPECT_GE(found.c, 0.1);
  EXPECT_LE(found.c, 0.25);
}

TEST(Calibration, StepDoesNotDependOnTheMode) {
  auto toy = made_up_toy<double>(20);
  const double sum = calibrate_toy(toy).step;
  EXPECT_NEAR(calibrate_toy(toy, Mode::mean).step / sum, 1, 1e-9);
}

TEST(Calibration, DrawsSayWhetherTheirStepFits) {
  auto toy = made_up_toy<float>(40);
  const Functional f(toy, Mode::sum, {.seed = 1});
  const auto estimator = make_estimator("antithetic", {});
  const double found = calibrate(f, *estimator).step;
  const auto fit = [&](double step) { return fit_of(f, estimator->draws(f, step, 0, 4)); };
  EXPECT_EQ(fit(found * 1.3), Fit::yes);
  EXPECT_EQ(fit(found * 10), Fit::no);
  EXPECT_EQ(fit(found / 5), Fit::yes);  // below the band, and clean
  EXPECT_EQ(fit(found / 30), Fit::no);
}

TEST(Calibration, IsNotLedAstrayByDrawsThatScatter) {
  int astray = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    auto toy = made_up_toy<float>(1, 4, 2);
    const Functional f(toy, Mode::sum, {.seed = seed});
    const Calibration found = calibrate(f, *make_estimator("antithetic", {}));
    const ChangeBand band = band_of(Precision::float32);
    EXPECT_LE(found.c, band.high) << "seed " << seed << ", step " << found.step;
    astray += found.c < band.low ? 1 : 0;
  }
  EXPECT_LE(astray, 2);
}

TEST(Calibration, SaysThatAModelWithoutCurvatureHasNoStep) {
  LinearToy toy(3, made_up_weights<double>(3 * 16, 0.1), made_up_samples(8, 16, 3));
  const Calibration found = calibrate_toy(toy);
  EXPECT_FALSE(found.accepted);
  EXPECT_LT(found.passes, 100);
}

// f = s^2 q + s^4 q^2 b, with b of either sign: the median over samples doubles as a quadratic does.
class Bent : public Estimator {
 public:
  StepSize step_size() const override { return StepSize::calibrated; }
  std::string identity() const override { return "bent"; }
  double scale(double sigma, double step) const override { return sigma * sigma / step / step; }
  std::vector<DrawValues> draws(const Functional& f, double step, std::int64_t, std::int64_t count,
                                std::span<const std::int64_t> samples) const override {
    DrawValues draw;
    for (const std::int64_t i : samples) {
      const double n = 1 / f.per_token(1, i), c = step * step * 100;  // per token
      draw.value.push_back(n * c * (1 + (i % 2 == 0 ? 1 : -1) * bend * c));
    }
    return std::vector<DrawValues>(static_cast<std::size_t>(count), draw);
  }
  double bend = 0;
};

TEST(Calibration, LooksAtEachSampleByItself) {
  auto toy = made_up_toy<float>(16);
  const Functional f(toy, Mode::sum, {.seed = 1});
  Bent estimator;
  const Calibration straight = calibrate(f, estimator);
  EXPECT_TRUE(straight.accepted);
  EXPECT_NEAR(straight.c, band_of(Precision::float32).target, 0.01);
  estimator.bend = 30;  // at the target a sample is off by nearly one
  const Calibration bent = calibrate(f, estimator);
  EXPECT_TRUE(bent.accepted);
  EXPECT_LT(bent.step, straight.step / 2);
  EXPECT_LT(3 * estimator.bend * bent.c, 0.1 * (1 + estimator.bend * bent.c));
  estimator.bend = 1e6;
  EXPECT_FALSE(calibrate(f, estimator).accepted);
}

}  // namespace
}  // namespace lethe::scoring
