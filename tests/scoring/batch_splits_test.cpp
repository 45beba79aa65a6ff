// Batch splits: a sample's score in float32 at the step where c is 0.01 is the same number in whatever
// company it is measured and on any world, and so are the samples that are drawn by it.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <mutex>

#include "framework/dist/simulated_group.h"
#include "framework/sampling/sampler.h"
#include "framework/scoring/calibration.h"
#include "framework/scoring/walked_model.h"
#include "tests/support/tiny_model.h"

namespace lethe::scoring::batch_splits {
namespace {

constexpr int kSamples = 24, kDraws = 6;

// Scores measured in batches of `company` samples, at c = 0.01.
std::vector<double> scores_on(dist::ProcessGroup& world, int zero, std::int64_t company) {
  const auto model = lethe::testing::tiny_model();
  const auto texts = lethe::testing::tiny_documents(kSamples, 3, 61);
  std::vector<data::Document> documents;
  for (const auto& text : texts) documents.push_back({.ids = text, .prompt_tokens = 1});
  lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(zero, 0, world.size()), {});
  walk::BlockWalk walk(model, engine.weights);
  WalkedModel scored(walk, engine.weights, world, documents);
  const Functional f(scored, Mode::sum, {.seed = 4});
  const auto pairs = make_estimator("antithetic", {});
  const Calibration calibration = calibrate(f, *pairs);
  const double step = calibration.step * std::sqrt(0.01 / calibration.c);
  std::vector<double> scores;
  for (std::int64_t first = 0; first < kSamples; first += company) {
    std::vector<std::int64_t> some;
    for (std::int64_t i = first; i < std::min<std::int64_t>(first + company, kSamples); ++i)
      some.push_back(i);
    const auto draws = pairs->draws(f, step, 0, kDraws, some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      double sum = 0;
      for (const DrawValues& draw : draws) sum += draw.value[i];
      scores.push_back(std::abs(sum / kDraws) * pairs->scale(1e-5, step));
    }
  }
  return scores;
}

std::vector<std::vector<std::int64_t>> drawn_by(const std::vector<double>& scores) {
  config::Section root;
  const auto sampler = sampling::make_sampler(root, "sampler", "mrd", "");
  sampler->update({.count = kSamples, .seed = 8, .total_steps = 50, .scores = scores});
  std::vector<std::vector<std::int64_t>> batches;
  for (std::uint64_t step = 0; step < 50; ++step) batches.push_back(sampler->batch(step, 6));
  return batches;
}

TEST(BatchSplits, NoWorldAndNoCompanyChangesAScoreOrADraw) {
  const auto alone = dist::make_single_group();
  const std::vector<double> expected = scores_on(*alone, 0, kSamples);
  const auto expected_draws = drawn_by(expected);
  for (const int ranks : {1, 2, 3, 4}) {
    for (const std::int64_t company : {kSamples, 7, 1}) {
      std::mutex mutex;
      dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
        const std::vector<double> scores = scores_on(world, ranks % 2 == 0 ? 3 : 0, company);
        const std::lock_guard lock(mutex);
        ASSERT_EQ(scores.size(), expected.size());
        for (std::size_t i = 0; i < scores.size(); ++i)
          EXPECT_NEAR(scores[i] / expected[i], 1, 1e-4) << i << " of " << ranks << " ranks by " << company;
        EXPECT_EQ(drawn_by(scores), expected_draws) << ranks << " ranks by " << company;
      });
    }
  }
}

TEST(BatchSplits, ScoresTimesRandomFactorsDrawOthers) {
  const auto alone = dist::make_single_group();
  std::vector<double> scores = scores_on(*alone, 0, kSamples);
  const auto before = drawn_by(scores);
  for (std::size_t i = 0; i < scores.size(); ++i)
    scores[i] *= 0.2 + 4 * base::uniform({.seed = 1, .stream = base::Stream::gaussian}, i);
  EXPECT_NE(drawn_by(scores), before);
}

}  // namespace
}  // namespace lethe::scoring::batch_splits
