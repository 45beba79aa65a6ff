#include "framework/base/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "framework/base/error.h"

namespace lethe::base {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Statistics, MeanAndDeviationOfAHandComputedSample) {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(values), 5);
  EXPECT_DOUBLE_EQ(standard_deviation(values), std::sqrt(32.0 / 7));
  EXPECT_TRUE(std::isnan(mean({})));
  EXPECT_TRUE(std::isnan(standard_deviation(std::vector<double>{1})));
}

TEST(Statistics, MedianLeavesOutWhatIsNotFinite) {
  EXPECT_EQ(median_of_finite(std::vector<double>{kNan, 3, 1, INFINITY, 2}), 2);
  EXPECT_EQ(median_of_finite(std::vector<double>{4, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(median_of_finite(std::vector<double>{kNan})));
}

TEST(Statistics, EqualValuesShareTheirRank) {
  EXPECT_EQ(ranks(std::vector<double>{10, 20, 10, 5}), (std::vector<double>{2.5, 4, 2.5, 1}));
  EXPECT_THROW((void)ranks(std::vector<double>{1, kNan}), Error);
}

// scipy 1.17.1: stats.spearmanr(a, b), stats.pearsonr(a, b).
TEST(Statistics, CorrelationsAreThoseOfScipy) {
  const std::vector<double> a{1, 2, 2, 3, 5, 8, 13, 2.5}, b{2, 1, 4, 4, 4, 9, 7, 0.5};
  EXPECT_NEAR(spearman(a, b), 0.7240490231688785, 1e-14);
  EXPECT_NEAR(pearson(a, b), 0.779540337568534, 1e-14);
  EXPECT_TRUE(std::isnan(pearson(a, std::vector<double>(8, 1.0))));
}

TEST(Statistics, EffectiveSampleSizeCountsEqualSharesAndIgnoresScale) {
  EXPECT_DOUBLE_EQ(effective_sample_size(std::vector<double>(40, 3.0)), 40);
  EXPECT_DOUBLE_EQ(effective_sample_size(std::vector<double>{0, 7, 0}), 1);
  EXPECT_DOUBLE_EQ(effective_sample_size(std::vector<double>{1, 2, 3}), 36.0 / 14);
  EXPECT_EQ(effective_sample_size(std::vector<double>{0, 0}), 0);
}

TEST(Statistics, AMeanWithinThreeErrorsOfZeroIsDebiased) {
  EXPECT_TRUE(is_resolved(-3, 1));
  EXPECT_FALSE(is_resolved(2.9, 1));
  EXPECT_FALSE(is_resolved(0, 0));
  EXPECT_FALSE(is_resolved(1, kNan));
  EXPECT_DOUBLE_EQ(debiased_magnitude(-4, 1), 4);
  EXPECT_DOUBLE_EQ(debiased_magnitude(5, 3), 4);
  EXPECT_EQ(debiased_magnitude(2, 3), 0);
}

// scipy 1.17.1: stats.ks_2samp(x, y, method="exact").
TEST(KolmogorovSmirnovTest, MatchesScipyForUnequalSizes) {
  std::vector<double> x, y;
  for (int i = 0; i < 40; ++i) x.push_back(i);
  for (int i = 0; i < 30; ++i) y.push_back(i * 0.7 + 9.1);
  const auto result = kolmogorov_smirnov(x, y);
  EXPECT_DOUBLE_EQ(result.distance, 0.25);
  EXPECT_NEAR(result.p_value, 0.20375478523422919, 1e-13);
}

// A sample against itself moved by h places has distance h / n.
KolmogorovSmirnov shifted(int n, int h) {
  std::vector<double> x(n), y(n);
  std::iota(x.begin(), x.end(), 0.0);
  std::iota(y.begin(), y.end(), h - 0.5);
  return kolmogorov_smirnov(x, y);
}

// scipy's exact p-values for equal sizes, down to where only relative accuracy counts.
TEST(KolmogorovSmirnovTest, MatchesScipyForEqualSizes) {
  EXPECT_NEAR(shifted(400, 400).p_value / 1.0635896769518578e-239, 1, 1e-10);
  EXPECT_NEAR(shifted(400, 20).p_value, 0.7000433606572674, 1e-12);
  EXPECT_NEAR(shifted(200, 18).p_value, 0.39352743357720454, 1e-12);
  EXPECT_NEAR(shifted(40, 9).p_value, 0.2656871402817289, 1e-12);
}

TEST(KolmogorovSmirnovTest, SameSamplesAreNotApart) {
  const std::vector<double> x{1, 1, 2, 3};
  EXPECT_EQ(kolmogorov_smirnov(x, x).distance, 0);
  EXPECT_EQ(kolmogorov_smirnov(x, x).p_value, 1);
}

TEST(KolmogorovSmirnovTest, AsymptoticTailContinuesTheExactOne) {
  std::vector<double> x(10000), y(10000), z(10001);
  std::iota(x.begin(), x.end(), 0.0);
  std::iota(y.begin(), y.end(), 149.5);
  std::iota(z.begin(), z.end(), 149.5);
  EXPECT_NEAR(kolmogorov_smirnov(x, y).p_value, kolmogorov_smirnov(x, z).p_value, 0.01);
}

}  // namespace
}  // namespace lethe::base
