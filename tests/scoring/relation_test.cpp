#include "framework/scoring/relation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

std::vector<double> normals(std::uint64_t seed, std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = made_up_normal(seed, i);
  return values;
}

TEST(RankCorrelation, IsSpearmansWithItsInterval) {
  const std::vector<double> a = {1, 2, 3, 4, 5, 6}, b = {2, 1, 4, 3, 6, 5};
  const RankCorrelation r = rank_correlation(a, b);
  EXPECT_NEAR(r.rho, 1 - 6.0 * 6 / (6 * 35), 1e-12);
  const double z = std::atanh(r.rho), half = 1.959963984540054 * std::sqrt(1.06 / 3);
  EXPECT_NEAR(r.low, std::tanh(z - half), 1e-12);
  EXPECT_NEAR(r.high, std::tanh(z + half), 1e-12);
}

TEST(RankCorrelation, LeavesOutWhatIsNoNumberAndSaysNothingOfAConstant) {
  const double nan = std::nan("");
  EXPECT_NEAR(
      rank_correlation(std::vector<double>{1, nan, 3, 4, 5, 6}, std::vector<double>{1, 9, 3, 4, 5, 6}).rho, 1,
      1e-12);
  EXPECT_TRUE(std::isnan(rank_correlation(std::vector<double>(6, 1.0), normals(1, 6)).rho));
  EXPECT_TRUE(std::isnan(rank_correlation(normals(1, 2), normals(2, 2)).rho));
}

TEST(RankCorrelation, ThatIsNoneSaysWhy) {
  const std::vector<double> constant(9, 1.0), varied = normals(1, 9);
  EXPECT_EQ(rank_correlation(varied, normals(2, 9)).undefined, "");
  EXPECT_EQ(rank_correlation(varied, constant).undefined, "constant");
  EXPECT_EQ(partial_rank_correlation(varied, constant, {normals(3, 9)}).undefined, "constant");
  EXPECT_EQ(rank_correlation(constant, varied).undefined, "all scores alike");
  EXPECT_EQ(rank_correlation(normals(1, 3), normals(2, 3)).undefined, "too few samples");
  EXPECT_EQ(rank_correlation(varied, std::vector<double>(9, std::nan(""))).undefined, "too few samples");
  EXPECT_EQ(partial_rank_correlation(normals(2, 9), varied, {varied}).undefined, "nothing left");
}

// The 95 % interval holds the truth (0 here) in about 95 of 100 tries.
TEST(RankCorrelation, ItsIntervalCoversTheTruth) {
  int covered = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const RankCorrelation r = rank_correlation(normals(2 * seed + 1, 30), normals(2 * seed + 2, 30));
    covered += r.low <= 0 && 0 <= r.high ? 1 : 0;
  }
  EXPECT_GE(covered, 366);
  EXPECT_LE(covered, 394);
}

// b follows a only through the control: raw it correlates, partially it does not.
TEST(PartialRankCorrelation, RemovesWhatTheControlExplains) {
  const std::vector<double> control = normals(1, 300), noise_a = normals(2, 300), noise_b = normals(3, 300);
  std::vector<double> a(300), b(300);
  for (std::size_t i = 0; i < 300; ++i) {
    a[i] = control[i] + 0.3 * noise_a[i];
    b[i] = control[i] + 0.3 * noise_b[i];
  }
  EXPECT_GT(rank_correlation(a, b).rho, 0.8);
  const RankCorrelation partial = partial_rank_correlation(a, b, {control});
  EXPECT_LE(partial.low, 0);
  EXPECT_GE(partial.high, 0);
  EXPECT_TRUE(std::isnan(partial_rank_correlation(a, control, {control}).rho)) << "nothing is left of it";
}

// Against the textbook formula for one control.
TEST(PartialRankCorrelation, IsTheFormula) {
  const auto a = normals(4, 40), b = normals(5, 40), c = normals(6, 40);
  const double ab = rank_correlation(a, b).rho, ac = rank_correlation(a, c).rho,
               bc = rank_correlation(b, c).rho;
  EXPECT_NEAR(partial_rank_correlation(a, b, {c}).rho,
              (ab - ac * bc) / std::sqrt((1 - ac * ac) * (1 - bc * bc)), 1e-12);
}

TEST(QuartileMeans, AreOfTheLargestAndTheSmallestScores) {
  const std::vector<double> scores = {8, 7, 6, 5, 4, 3, 2, 1}, values = {10, 20, 0, 0, 0, 0, 3, 5};
  const QuartileMeans means = quartile_means(scores, values);
  EXPECT_EQ(means.easy, 15);
  EXPECT_EQ(means.hard, 4);
  EXPECT_TRUE(std::isnan(quartile_means(std::vector<double>(8, 0.0), values).easy)) << "none is easier";
}

}  // namespace
}  // namespace lethe::scoring
