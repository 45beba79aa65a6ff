#include "framework/evaluation/measures/probability.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "framework/evaluation/measures/membership.h"

namespace lethe::evaluation {
namespace {

constexpr double kPrinted = 5e-9;  // the published vectors are printed with eight decimals

TEST(TruthRatio, HasThePublishedValues) {
  const std::array correct{1.0, 2.0};
  const std::vector<std::vector<double>> wrong{{1.5, 2.5, 2, 1, 3}, {2, 2, 2, 2, 2}};
  std::vector<double> ratios, probabilities, options;
  for (std::size_t i = 0; i < 2; ++i) {
    ratios.push_back(truth_ratio(std::span(&correct[i], 1), wrong[i]));
    probabilities.push_back(truth_probability(std::span(&correct[i], 1), wrong[i]));
    options.push_back(probability_with_options(correct[i], wrong[i]));
  }
  EXPECT_NEAR(ratios[0], 0.36787944, kPrinted);
  EXPECT_NEAR(ratios[1], 1.0, kPrinted);
  EXPECT_NEAR(closer_to_1_better(ratios), 0.68393972, kPrinted);
  EXPECT_NEAR(true_better(ratios), 0.31606028, kPrinted);
  EXPECT_NEAR(prob_mean(probabilities), 0.61552929, kPrinted);
  EXPECT_NEAR(std::accumulate(options.begin(), options.end(), 0.0) / 2, 0.23335394, kPrinted);
}

TEST(TruthRatio, SeveralRightAnswersCountByTheirGeometricMean) {
  EXPECT_NEAR(truth_ratio(std::array{1.0, 3.0}, std::array{2.0}), 1, 1e-9);
}

TEST(CloserToOne, IsTheSameForARatioAndItsInverse) {
  EXPECT_NEAR(closer_to_1_better(std::array{4.0}), closer_to_1_better(std::array{0.25}), 1e-9);
}

TEST(TrueBetter, DoesNotPunishBelowZero) { EXPECT_EQ(true_better(std::array{3.0}), 0); }

TEST(ExtractionStrength, IsTheShareThatASuffixGivesAway) {
  using Matches = std::vector<std::uint8_t>;
  EXPECT_EQ(extraction_strength(Matches{1, 1, 1, 1}), 1);
  EXPECT_EQ(extraction_strength(Matches{1, 0, 1, 1}), 0.5);
  EXPECT_EQ(extraction_strength(Matches{0, 0, 0, 1}), 0.25);
  EXPECT_EQ(extraction_strength(Matches{1, 1, 1, 0}), 0.25) << "never below 1/N";
  EXPECT_EQ(extraction_strength(Matches{}), 0);
}

TEST(ExactMemorization, IsTheShareOfFirstChoices) {
  EXPECT_EQ(exact_memorization(std::vector<std::uint8_t>{1, 0, 1, 1}), 0.75);
  EXPECT_EQ(exact_memorization({}), std::nullopt);
}

// Logits of the published vectors: B 2, S 6, V 128; sin(f (((b S + t) V + v)) + phi), and +6 at the label
// from t = 2 on.
class PublishedLogits : public ::testing::Test {
 protected:
  static constexpr int kLength = 6, kVocabulary = 128, kIgnored = -100;
  const std::vector<std::vector<int>> labels_{{kIgnored, kIgnored, 42, 7, 99, 2},
                                              {kIgnored, kIgnored, 63, 5, 2, kIgnored}};

  struct Token {
    double log_prob, mean, mean_squared;
    int label, first_choice;
  };

  std::vector<double> log_softmax(int b, int t) const {
    std::vector<double> z(kVocabulary);
    for (int v = 0; v < kVocabulary; ++v)
      z[static_cast<std::size_t>(v)] = std::sin(0.37 * ((b * kLength + t) * kVocabulary + v) + 0.10);
    const int label = label_after(b, t);
    if (label != kIgnored && t >= 2) z[static_cast<std::size_t>(label)] += 6;
    double sum = 0;
    for (const double x : z) sum += std::exp(x);
    for (double& x : z) x -= std::log(sum);
    return z;
  }
  int label_after(int b, int t) const {
    return labels_[static_cast<std::size_t>(b)][static_cast<std::size_t>(t) + 1];
  }

  std::vector<Token> tokens(int b) const {
    std::vector<Token> out;
    for (int t = 0; t + 1 < kLength; ++t) {
      const int label = label_after(b, t);
      if (label == kIgnored) continue;
      const auto lp = log_softmax(b, t);
      Token token{lp[static_cast<std::size_t>(label)], 0, 0, label, 0};
      for (const double x : lp) {
        token.mean += std::exp(x) * x;
        token.mean_squared += std::exp(x) * x * x;
      }
      token.first_choice = static_cast<int>(std::max_element(lp.begin(), lp.end()) - lp.begin());
      out.push_back(token);
    }
    return out;
  }
};

TEST_F(PublishedLogits, ProbabilityCountsEveryLabel) {
  const std::array loss{1.40937536, 1.99353427}, probability{0.24429583, 0.13621316};
  for (int b = 0; b < 2; ++b) {
    double sum = 0;
    const auto all = tokens(b);
    for (const Token& token : all) sum -= token.log_prob;
    const double average = sum / static_cast<double>(all.size());
    EXPECT_NEAR(average, loss[static_cast<std::size_t>(b)], kPrinted);
    EXPECT_NEAR(answer_probability(average), probability[static_cast<std::size_t>(b)], kPrinted);
  }
}

TEST_F(PublishedLogits, MemorisationAndMembershipLeaveOutTheLastLabel) {
  const std::array share{2.0 / 3, 0.5}, smallest{4.88300976, 5.02358060}, plus_plus{0.40672629, 0.64257482};
  for (int b = 0; b < 2; ++b) {
    auto scored = tokens(b);
    scored.pop_back();
    std::vector<std::uint8_t> matches;
    std::vector<double> log_probs, standard;
    for (const Token& token : scored) {
      matches.push_back(token.first_choice == token.label);
      log_probs.push_back(token.log_prob);
      standard.push_back(standardized(token.log_prob, token.mean, token.mean_squared));
    }
    const auto at = static_cast<std::size_t>(b);
    EXPECT_NEAR(extraction_strength(matches), share[at], 1e-15);
    EXPECT_NEAR(*exact_memorization(matches), share[at], 1e-15);
    EXPECT_NEAR(min_k(log_probs), smallest[at], kPrinted);
    EXPECT_NEAR(min_k(standard), plus_plus[at], kPrinted);
  }
}

TEST(MinK, TakesAtLeastOneTokenAndRoundsDown) {
  EXPECT_EQ(min_k(std::array{-1.0, -5.0}, 0.4), 5);
  EXPECT_EQ(min_k(std::array{-1.0, -5.0, -3.0, -2.0, -4.0, -6.0, 0.0}, 0.4), 5.5);
  EXPECT_EQ(min_k({}), 0);
}

TEST(ZlibScore, CountsClassicZlibBytes) {
  EXPECT_EQ(zlib_length("Basil was born in Kuwait City."), 38u);
  EXPECT_EQ(zlib_score(19, "Basil was born in Kuwait City."), 0.5);
}

}  // namespace
}  // namespace lethe::evaluation
