#include "framework/training/batch_plan.h"

#include <gtest/gtest.h>

namespace lethe::training {
namespace {

TEST(BatchPlan, EverySampleRunsOnceAndRanksCarryAlike) {
  std::vector<BatchItem> items;
  for (std::int64_t i = 0; i < 23; ++i) items.push_back({objectives::Role::forget, i, 10 + i * 7 % 40});
  for (const int ranks : {1, 2, 3, 8}) {
    const BatchPlan plan = plan_batch(items, ranks, 2);
    std::vector<int> seen(items.size(), 0);
    for (const auto& micro_batches : plan.ranks) {
      EXPECT_EQ(micro_batches.size(), plan.num_micro_batches);
      for (const auto& micro_batch : micro_batches) {
        EXPECT_LE(micro_batch.size(), 2u);
        for (const BatchItem& item : micro_batch) ++seen[item.sample];
      }
    }
    EXPECT_EQ(seen, std::vector<int>(items.size(), 1));
    EXPECT_LE(plan.imbalance, 1.35);
  }
}

TEST(BatchPlan, ARankWithoutSamplesHasEmptyMicroBatches) {
  const std::vector<BatchItem> one = {{objectives::Role::retain, 0, 5}};
  const BatchPlan plan = plan_batch(one, 3, 4);
  EXPECT_EQ(plan.num_micro_batches, 1u);
  EXPECT_TRUE(plan.ranks[2][0].empty());
}

}  // namespace
}  // namespace lethe::training
