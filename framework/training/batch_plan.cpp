#include "framework/training/batch_plan.h"

#include <algorithm>
#include <numeric>

#include "framework/dist/topology.h"

namespace lethe::training {
namespace {

using Items = std::vector<BatchItem>;

std::vector<Items> balanced(std::span<const BatchItem> items, int num_shares) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return items[i].tokens; });
  std::vector<std::vector<std::size_t>> taken(num_shares);
  std::vector<std::int64_t> load(num_shares, 0);
  for (const std::size_t i : order) {
    const auto share = std::ranges::min_element(load) - load.begin();
    taken[share].push_back(i);
    load[share] += items[i].tokens;
  }
  std::vector<Items> shares(num_shares);
  for (int share = 0; share < num_shares; ++share) {
    std::ranges::sort(taken[share]);  // in batch order: forget samples stand before the retain samples
    for (const std::size_t i : taken[share]) shares[share].push_back(items[i]);
  }
  return shares;
}

std::size_t most_items(const std::vector<Items>& packs) {
  return std::ranges::max_element(packs, {}, &Items::size)->size();
}

// Packs that do not depend on the number of ranks, and for each rank a run of neighbours, which fold into few
// partial sums.
void plan_elastic(std::span<const BatchItem> items, int num_ranks, SplitOptions options, BatchPlan& plan) {
  int count = options.logical_shards;
  const auto most = static_cast<std::size_t>(options.micro_batch);
  for (plan.packs = balanced(items, count); most_items(plan.packs) > most;)
    plan.packs = balanced(items, count *= 2);
  for (int rank = 0; rank < num_ranks; ++rank) {
    const dist::Slice own = dist::even_slice(plan.packs.size(), rank, num_ranks);
    std::size_t wave = 0, samples = 0;
    for (std::size_t pack = own.first; pack < own.end(); ++pack) {
      if (samples > 0 && samples + plan.packs[pack].size() > most) ++wave, samples = 0;
      if (wave >= plan.waves.size()) plan.waves.emplace_back(num_ranks);
      plan.waves[wave][rank].push_back(static_cast<int>(pack));
      samples += plan.packs[pack].size();
    }
  }
}

void plan_by_rank(std::span<const BatchItem> items, int num_ranks, SplitOptions options, BatchPlan& plan) {
  const auto most = static_cast<std::size_t>(options.micro_batch);
  const std::vector<Items> shares = balanced(items, num_ranks);
  for (int rank = 0; rank < num_ranks; ++rank) {
    for (std::size_t first = 0, wave = 0; first < shares[rank].size(); first += most, ++wave) {
      if (wave >= plan.waves.size()) plan.waves.emplace_back(num_ranks);
      plan.waves[wave][rank].push_back(static_cast<int>(plan.packs.size()));
      const auto begin = shares[rank].begin() + static_cast<std::ptrdiff_t>(first);
      plan.packs.emplace_back(
          begin, begin + static_cast<std::ptrdiff_t>(std::min(most, shares[rank].size() - first)));
    }
  }
}

double imbalance_of(const BatchPlan& plan, int num_ranks) {
  std::vector<std::int64_t> load(num_ranks, 0);
  for (const auto& wave : plan.waves) {
    for (int rank = 0; rank < num_ranks; ++rank)
      for (const int pack : wave[rank])
        for (const BatchItem& item : plan.packs[pack]) load[rank] += item.tokens;
  }
  const std::int64_t total = std::accumulate(load.begin(), load.end(), std::int64_t{0});
  return total == 0 ? 1
                    : static_cast<double>(std::ranges::max(load)) * num_ranks / static_cast<double>(total);
}

}  // namespace

BatchPlan plan_batch(std::span<const BatchItem> items, int num_ranks, SplitOptions options) {
  BatchPlan plan;
  options.logical_shards > 0 ? plan_elastic(items, num_ranks, options, plan)
                             : plan_by_rank(items, num_ranks, options, plan);
  plan.imbalance = imbalance_of(plan, num_ranks);
  return plan;
}

}  // namespace lethe::training
