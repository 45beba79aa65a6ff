#include "framework/sampling/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "framework/base/error.h"
#include "tests/sampling/chi_square.h"

namespace lethe::sampling {
namespace {

constexpr double kRare = 1e-4;  // seeds are fixed: a sound sampler passes always, a skewed one gives about 0

const std::vector<double> kShares{0.05, 0.4, 0.1, 0.25, 0.2};

TEST(DrawWithReplacement, FrequenciesAreTheProbabilities) {
  std::vector<std::int64_t> counts(kShares.size());
  for (std::uint64_t step = 0; step < 4000; ++step) {
    for (const auto id : draw_with_replacement(kShares, 8, {.seed = 7, .step = step})) ++counts[id];
  }
  EXPECT_GT(chi_square_p_value(counts, kShares), kRare);
  EXPECT_LT(chi_square_p_value(counts, std::vector<double>(5, 0.2)), kRare);
}

TEST(DrawWithReplacement, SamplesWithoutProbabilityNeverCome) {
  const std::vector<double> p{0, 0.5, 0, 0.5, 0};
  for (std::uint64_t step = 0; step < 500; ++step) {
    EXPECT_THAT(draw_with_replacement(p, 4, {.step = step}), testing::Each(testing::AnyOf(1, 3)));
  }
}

TEST(DrawWithReplacement, FollowsTheFormulaSlotBySlot) {
  const auto ids = draw_with_replacement(kShares, 6, {.seed = 3, .step = 9});
  for (std::uint64_t slot = 0; slot < 6; ++slot) {
    double u = base::uniform({.seed = 3, .stream = base::Stream::sampling, .draw = 9}, slot);
    std::int64_t id = 0;
    while (u > kShares[id]) u -= kShares[id++];
    EXPECT_EQ(ids[slot], id);
  }
}

// Gumbel top-k draws one after the other from what is left: P(i, then j) = p_i p_j / (1 - p_i).
TEST(DrawWithoutReplacement, OrderedPairsHaveTheFrequenciesOfSuccessiveDraws) {
  std::vector<double> share;
  for (std::size_t i = 0; i < kShares.size(); ++i) {
    for (std::size_t j = 0; j < kShares.size(); ++j) {
      if (i != j) share.push_back(kShares[i] * kShares[j] / (1 - kShares[i]));
    }
  }
  std::vector<std::int64_t> counts(share.size());
  for (std::uint64_t step = 0; step < 20000; ++step) {
    const auto ids = draw_without_replacement(kShares, 2, {.seed = 11, .step = step});
    ASSERT_NE(ids[0], ids[1]);
    ++counts[ids[0] * 4 + ids[1] - (ids[1] > ids[0] ? 1 : 0)];
  }
  EXPECT_GT(chi_square_p_value(counts, share), kRare);
}

TEST(DrawWithoutReplacement, TakesSamplesWithoutProbabilityOnlyWhenTheOthersAreUsedUp) {
  const std::vector<double> p{0, 0.7, 0, 0.3, 0};
  std::vector<std::int64_t> counts(3);
  for (std::uint64_t step = 0; step < 3000; ++step) {
    const auto ids = draw_without_replacement(p, 3, {.step = step});
    EXPECT_THAT((std::vector<std::int64_t>{ids[0], ids[1]}), testing::UnorderedElementsAre(1, 3));
    ++counts[ids[2] / 2];
  }
  EXPECT_GT(chi_square_p_value(counts, std::vector<double>(3, 1.0 / 3)), kRare);
}

TEST(DrawWithoutReplacement, RefusesABatchLargerThanTheSet) {
  try {
    (void)draw_without_replacement(kShares, 6, {});
    FAIL() << "a batch of 6 from 5 samples was drawn";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "config.range");
    EXPECT_EQ(error.message(), "a batch of 6 without replacement needs as many samples, got 5");
    EXPECT_THAT(error.hint(), testing::HasSubstr("replacement: true"));
  }
}

TEST(Draws, DependOnSeedStreamAndStepAndOnNothingElse) {
  const std::vector<double> p(100, 0.01);
  const DrawKey key{.seed = 5, .step = 17};
  for (const auto draw : {draw_with_replacement, draw_without_replacement}) {
    const auto ids = draw(p, 10, key);
    EXPECT_EQ(draw(p, 10, key), ids);
    EXPECT_NE(draw(p, 10, {.seed = 6, .step = 17}), ids);
    EXPECT_NE(draw(p, 10, {.seed = 5, .step = 18}), ids);
    EXPECT_NE(draw(p, 10, {.seed = 5, .step = 17 + (1ull << 32)}), ids);
    EXPECT_NE(draw(p, 10, {.seed = 5, .stream = base::Stream::data_order, .step = 17}), ids);
  }
}

TEST(Permutation, HoldsEveryIdOnceAndIsUniform) {
  std::vector<std::int64_t> first_place(6);
  std::set<std::vector<std::int64_t>> seen;
  for (std::uint64_t epoch = 0; epoch < 6000; ++epoch) {
    const auto order = permutation(6, {.seed = 2, .step = epoch});
    EXPECT_THAT(order, testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5));
    ++first_place[order[0]];
    seen.insert(order);
  }
  EXPECT_GT(chi_square_p_value(first_place, std::vector<double>(6, 1.0 / 6)), kRare);
  EXPECT_GT(seen.size(), 700u);  // of 720; 6000 uniform ones miss 0.2 on average
}

}  // namespace
}  // namespace lethe::sampling
