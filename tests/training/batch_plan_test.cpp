#include "framework/training/batch_plan.h"

#include <gtest/gtest.h>

namespace lethe::training {
namespace {

std::vector<BatchItem> made_up_items(std::int64_t count) {
  std::vector<BatchItem> items;
  for (std::int64_t i = 0; i < count; ++i) items.push_back({objectives::Role::forget, i, 10 + i * 7 % 40});
  return items;
}

TEST(BatchPlan, EverySampleRunsOnceAndRanksCarryAlike) {
  const auto items = made_up_items(23);
  for (const int logical_shards : {0, 8}) {
    for (const int ranks : {1, 2, 3, 8}) {
      const BatchPlan plan = plan_batch(items, ranks, {.micro_batch = 3, .logical_shards = logical_shards});
      std::vector<int> seen(items.size(), 0);
      for (const auto& wave : plan.waves) {
        ASSERT_EQ(wave.size(), static_cast<std::size_t>(ranks));
        for (const auto& packs : wave) {
          std::size_t samples = 0;
          for (const int pack : packs) {
            samples += plan.packs[pack].size();
            for (const BatchItem& item : plan.packs[pack]) ++seen[item.sample];
          }
          EXPECT_LE(samples, 3u);
        }
      }
      EXPECT_EQ(seen, std::vector<int>(items.size(), 1));
      EXPECT_LE(plan.imbalance, 1.35);
    }
  }
}

TEST(BatchPlan, ARankWithoutSamplesIsInEveryWave) {
  const std::vector<BatchItem> one = {{objectives::Role::retain, 0, 5}};
  const BatchPlan plan = plan_batch(one, 3, {.micro_batch = 4});
  ASSERT_EQ(plan.waves.size(), 1u);
  EXPECT_TRUE(plan.waves[0][2].empty());
  EXPECT_DOUBLE_EQ(plan.imbalance, 3);
}

TEST(BatchPlan, ElasticPacksDoNotKnowTheRanks) {
  const auto items = made_up_items(40);
  const BatchPlan expected = plan_batch(items, 1, {.micro_batch = 4, .logical_shards = 8});
  EXPECT_EQ(expected.packs.size(), 16u);  // eight packs of five samples would exceed the micro-batch
  for (const int ranks : {2, 3, 5, 32}) {
    const BatchPlan plan = plan_batch(items, ranks, {.micro_batch = 4, .logical_shards = 8});
    ASSERT_EQ(plan.packs.size(), expected.packs.size());
    for (std::size_t p = 0; p < plan.packs.size(); ++p) {
      ASSERT_EQ(plan.packs[p].size(), expected.packs[p].size());
      for (std::size_t i = 0; i < plan.packs[p].size(); ++i)
        EXPECT_EQ(plan.packs[p][i].sample, expected.packs[p][i].sample);
    }
  }
}

}  // namespace
}  // namespace lethe::training
