#include "framework/scoring/margin_form.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

double exact(const std::vector<float>& logits, std::size_t target) {  // in long double
  long double sum = 0;
  for (std::size_t v = 0; v < logits.size(); ++v) {
    if (v != target) sum += std::exp(static_cast<long double>(logits[v]) - logits[target]);
  }
  return static_cast<double>(-std::log1p(sum));
}

float log_softmax(const std::vector<float>& logits, std::size_t target) {
  float largest = logits[0], sum = 0;
  for (const float z : logits) largest = std::max(largest, z);
  for (const float z : logits) sum += std::exp(z - largest);
  return logits[target] - largest - std::log(sum);
}

TEST(MarginForm, KeepsRelativeAccuracyWhereTheTokenIsCertain) {
  const std::vector<float> logits{40, 0};
  EXPECT_NEAR(token_log_prob(std::span<const float>(logits), 0) / -std::exp(-40.0), 1, 1e-5);
  EXPECT_EQ(log_softmax(logits, 0), 0) << "the other form should lose it";
}

TEST(MarginForm, IsExactToRoundOffOverTheWholeRange) {
  for (const float gap : {-30.0f, -3.0f, 0.0f, 2.0f, 10.0f, 25.0f, 60.0f}) {
    std::vector<float> logits(500);
    for (std::size_t v = 0; v < logits.size(); ++v) logits[v] = static_cast<float>(2 * made_up_normal(3, v));
    logits[77] = gap;
    EXPECT_NEAR(token_log_prob(std::span<const float>(logits), 77) / exact(logits, 77), 1, 2e-5) << gap;
    const std::vector<double> wide(logits.begin(), logits.end());
    EXPECT_NEAR(token_log_prob(std::span<const double>(wide), 77) / exact(logits, 77), 1, 1e-13) << gap;
  }
}

TEST(MarginForm, SlicesOfTheVocabularyCombineToTheWhole) {
  std::vector<double> logits(97);
  for (std::size_t v = 0; v < logits.size(); ++v) logits[v] = 5 * made_up_normal(4, v);
  const std::span<const double> all(logits);
  for (const std::size_t width : {1u, 10u, 50u, 97u}) {
    std::vector<MarginPart<double>> parts;
    for (std::size_t at = 0; at < all.size(); at += width) {
      const auto slice = all.subspan(at, std::min(width, all.size() - at));
      const auto target = static_cast<std::int64_t>(40) - static_cast<std::int64_t>(at);
      parts.push_back(margin_part(
          slice, target >= 0 && target < static_cast<std::int64_t>(slice.size()) ? target : -1, all[40]));
    }
    EXPECT_NEAR(token_log_prob(std::span<const MarginPart<double>>(parts)), token_log_prob(all, 40), 1e-13)
        << width;
  }
}

TEST(MarginForm, CertainBeyondTheFormatIsZero) {
  const std::vector<float> logits{120, 0};
  EXPECT_EQ(token_log_prob(std::span<const float>(logits), 0), 0);
}

TEST(Softplus, NeitherOverflowsNorLosesItsTail) {
  EXPECT_EQ(softplus(1000.0), 1000);
  EXPECT_DOUBLE_EQ(softplus(-50.0), std::exp(-50.0));
  EXPECT_DOUBLE_EQ(softplus(0.0), std::log(2.0));
  EXPECT_NEAR(softplus(20.0 + 1e-12), softplus(20.0), 1e-11);
}

}  // namespace
}  // namespace lethe::scoring
