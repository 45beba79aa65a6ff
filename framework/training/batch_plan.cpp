#include "framework/training/batch_plan.h"

#include <algorithm>
#include <numeric>

namespace lethe::training {
namespace {

std::vector<std::vector<BatchItem>> shares_of(std::span<const BatchItem> items, int num_ranks) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return items[i].tokens; });
  std::vector<std::vector<std::size_t>> taken(num_ranks);
  std::vector<std::int64_t> load(num_ranks, 0);
  for (const std::size_t i : order) {
    const auto rank = std::ranges::min_element(load) - load.begin();
    taken[rank].push_back(i);
    load[rank] += items[i].tokens;
  }
  std::vector<std::vector<BatchItem>> shares(num_ranks);
  for (int rank = 0; rank < num_ranks; ++rank) {
    std::ranges::sort(taken[rank]);  // in batch order: forget samples stand before the retain samples
    for (const std::size_t i : taken[rank]) shares[rank].push_back(items[i]);
  }
  return shares;
}

}  // namespace

BatchPlan plan_batch(std::span<const BatchItem> items, int num_ranks, std::int64_t micro_batch) {
  BatchPlan plan;
  std::int64_t total = 0, fullest = 0;
  for (const std::vector<BatchItem>& share : shares_of(items, num_ranks)) {
    auto& micro_batches = plan.ranks.emplace_back();
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < share.size(); ++i) {
      if (i % static_cast<std::size_t>(micro_batch) == 0) micro_batches.emplace_back();
      micro_batches.back().push_back(share[i]);
      tokens += share[i].tokens;
    }
    total += tokens;
    fullest = std::max(fullest, tokens);
    plan.num_micro_batches = std::max(plan.num_micro_batches, micro_batches.size());
  }
  for (auto& micro_batches : plan.ranks) micro_batches.resize(plan.num_micro_batches);
  if (total > 0) plan.imbalance = static_cast<double>(fullest) * num_ranks / static_cast<double>(total);
  return plan;
}

}  // namespace lethe::training
