#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "framework/config/document.h"
#include "framework/sampling/sampler.h"
#include "tests/sampling/chi_square.h"

namespace lethe::sampling {
namespace {

TEST(Curriculum, MovesItsWeightsOverTheRun) {
  config::Section root = config::parse("sampler: curriculum");
  const auto sampler = make_sampler(root, "sampler", "uniform", "");
  sampler->update({.count = 4,
                   .seed = 3,
                   .total_steps = 10,
                   .scores = {1, 2, 3, 4},
                   .score_errors = {},
                   .tokens = {1, 1, 3, 4},
                   .losses = {0.1, 0.2, 0.4, 5.0}});
  EXPECT_NE(sampler->weights(0).probability, sampler->weights(9).probability);
}

// Seeds are fixed: a sound sampler passes always. What comes first of a batch has the probabilities of a
// single draw, with and without replacement.
TEST(Curriculum, DrawsByTheScoresToThePowerOfTheStep) {
  const std::vector<double> scores = {1, 2, 3, 4};
  for (const std::string replacement : {"false", "true"}) {
    config::Section root = config::parse("sampler: {name: curriculum, replacement: " + replacement + "}");
    const auto sampler = make_sampler(root, "sampler", "uniform", "");
    for (const auto& [step, power] : {std::pair(0, 2.0), std::pair(5, 0.0), std::pair(8, -1.2)}) {
      std::vector<double> share;
      double sum = 0;
      for (const double score : scores) sum += share.emplace_back(std::pow(score, power));
      for (double& p : share) p /= sum;
      std::vector<std::int64_t> counts(scores.size());
      for (std::uint64_t seed = 0; seed < 4000; ++seed) {
        sampler->update({.count = 4, .seed = seed, .total_steps = 11, .scores = scores});
        ++counts[static_cast<std::size_t>(sampler->batch(static_cast<std::uint64_t>(step), 2)[0])];
      }
      EXPECT_GT(chi_square_p_value(counts, share), 1e-4)
          << "step " << step << ", replacement " << replacement;
    }
  }
}

// A run of no updates records what it would begin with.
TEST(Curriculum, OfARunWithoutUpdatesHasTheWeightsOfTheStart) {
  config::Section root = config::parse("sampler: {name: curriculum, start: 1}");
  const auto sampler = make_sampler(root, "sampler", "uniform", "");
  ASSERT_NO_THROW(sampler->update({.count = 2, .total_steps = 0, .scores = {1, 2}}));
  EXPECT_NEAR(sampler->weights(0).probability[1], 2.0 / 3, 1e-12);
}

}  // namespace
}  // namespace lethe::sampling
