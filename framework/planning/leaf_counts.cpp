#include "framework/planning/leaf_counts.h"

#include <algorithm>

#include "framework/sharding/fold_tree.h"

namespace lethe::planning {
namespace {

std::uint64_t sums_of(const std::vector<int>& leaves) { return sharding::folded(leaves).size(); }

// Whether the even leaf beside this one is there, with nothing folded onto it yet.
bool has_neighbour(const std::vector<int>& leaves, int leaf) {
  return leaf % 2 == 1 && std::ranges::find(leaves, leaf - 1) != leaves.end();
}

}  // namespace

LeafCounts leaf_counts(const LeavesByWave& leaves, bool joins, bool travel_behind_waves) {
  LeafCounts most;
  std::vector<int> ran, held;  // in all waves so far; by the tree of the open segment
  for (const std::vector<int>& wave : leaves) {
    most.between = std::max(most.between, sums_of(ran));
    if (travel_behind_waves) held.clear();
    for (const int leaf : wave) {
      most.open = std::max(most.open, sums_of(held) + (joins && has_neighbour(held, leaf) ? 0 : 1));
      held.push_back(leaf), ran.push_back(leaf);
    }
    most.wave = std::max(most.wave, sums_of(wave));
  }
  most.after = sums_of(ran);
  return most;
}

}  // namespace lethe::planning
