#include "framework/evaluation/measures/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "framework/base/error.h"
#include "tests/evaluation/oracle.h"

namespace lethe::evaluation {
namespace {

using Sample = std::vector<double>;

// Two samples of n values each whose empirical distributions are exactly h/n apart.
std::pair<Sample, Sample> samples_apart(int n, int h) {
  Sample a, b;
  for (int i = 0; i < n; ++i) {
    a.push_back(i);
    b.push_back(i < h ? n + i : i);  // h of the values moved beyond all others
  }
  return {a, b};
}

double p_value(int n, int h) {
  const auto [a, b] = samples_apart(n, h);
  const KolmogorovSmirnov test = kolmogorov_smirnov(a, b);
  EXPECT_DOUBLE_EQ(test.statistic, static_cast<double>(h) / n);
  return test.p_value;
}

void expect_relative(double value, double expected, double tolerance) {
  EXPECT_LE(std::abs(value - expected), tolerance * expected) << value << " against " << expected;
}

TEST(KolmogorovSmirnov, HasThePublishedValues) {
  constexpr double kRounding = 1e-12;  // products of some hundred factors
  expect_relative(p_value(400, 400), 1.0635896769518578e-239, kRounding);
  expect_relative(p_value(200, 200), 1.9426434495222354e-119, kRounding);
  expect_relative(p_value(400, 20), 0.7000433606572674, kRounding);
  expect_relative(p_value(400, 30), 0.21070561249668102, kRounding);
  expect_relative(p_value(200, 18), 0.39352743357720954, kRounding);
  expect_relative(p_value(40, 9), 0.2656871402817289, kRounding);
  expect_relative(p_value(40, 5), 0.9188052214121167, kRounding);
}

TEST(KolmogorovSmirnov, ByHandForSmallSamples) {
  // {1} against {2, 3}: of the 3 orders, 2 separate the samples completely.
  EXPECT_DOUBLE_EQ(kolmogorov_smirnov(Sample{1}, Sample{2, 3}).p_value, 2.0 / 3);
  EXPECT_DOUBLE_EQ(kolmogorov_smirnov(Sample{1}, Sample{2, 3}).statistic, 1);
  EXPECT_EQ(kolmogorov_smirnov(Sample{1, 2}, Sample{2, 1}).p_value, 1);
}

TEST(KolmogorovSmirnov, SeesOnlyTheOrder) {
  const Sample a{0.1, 0.4, 0.35, 0.8}, b{0.3, 0.9, 1.7, 2};
  Sample inverse_a, inverse_b;
  for (const double x : a) inverse_a.push_back(1 / x);
  for (const double x : b) inverse_b.push_back(1 / x);
  EXPECT_EQ(forget_quality(a, b), forget_quality(inverse_a, inverse_b)) << "truth ratios may be inverted";
  EXPECT_EQ(forget_quality(a, b), forget_quality(b, a));
}

TEST(KolmogorovSmirnov, SaysNaNForNaNAndRefusesNothing) {
  EXPECT_TRUE(std::isnan(kolmogorov_smirnov(Sample{std::nan("")}, Sample{1}).p_value));
  EXPECT_THROW((void)kolmogorov_smirnov(Sample{}, Sample{1}), Error);
}

TEST(KolmogorovSmirnov, AgreesWithScipyAndAucWithScikitLearn) {
  LETHE_NEED_ORACLE("scipy, sklearn");
  std::mt19937 generator(3);
  std::vector<std::pair<Sample, Sample>> pairs;
  for (const auto& [n1, n2] : {std::pair{1, 1},
                               {1, 7},
                               {5, 5},
                               {6, 9},
                               {40, 40},
                               {40, 80},
                               {37, 41},
                               {120, 50},
                               {400, 400},
                               {400, 300}})
    for (const double shift : {0.0, 0.3, 1.0, 4.0}) {
      std::normal_distribution<double> first(0, 1), second(shift, 1);
      auto& [a, b] = pairs.emplace_back();
      const double grid = n1 % 2 ? 1e6 : 10;  // every other pair has many ties
      for (int i = 0; i < n1; ++i) a.push_back(std::round(first(generator) * grid) / grid);
      for (int i = 0; i < n2; ++i) b.push_back(std::round(second(generator) * grid) / grid);
    }
  const auto answer = testing::ask_oracle("statistics.py", {{"pairs", pairs}});
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto test = kolmogorov_smirnov(pairs[i].first, pairs[i].second);
    EXPECT_NEAR(test.statistic, answer["statistic"][i].get<double>(), 1e-15) << i;
    expect_relative(test.p_value, answer["p_value"][i], 1e-9);
    EXPECT_NEAR(attack_auc(pairs[i].first, pairs[i].second), answer["auc"][i].get<double>(), 1e-13) << i;
  }
}

TEST(ModelUtility, IsTheHarmonicMean) {
  EXPECT_DOUBLE_EQ(harmonic_mean(std::array{1.0, 0.5, 0.25}), 3 / 7.0);
  EXPECT_EQ(harmonic_mean(std::array{1.0, 0.0, 0.25}), 0) << "one part gone is all gone";
  EXPECT_THROW((void)harmonic_mean(std::array{1.0, -0.1}), Error);
}

TEST(AttackAuc, HasThePublishedValues) {
  const double auc = attack_auc(Sample{0.2, 0.5, 0.5}, Sample{0.5, 0.9});
  EXPECT_NEAR(auc, 0.83333333, 5e-9);
  EXPECT_NEAR(privacy_leakage(auc), -66.66666665, 5e-9);
  EXPECT_NEAR(relative_difference(0.6, 0.5), 20, 1e-7);
}

}  // namespace
}  // namespace lethe::evaluation
