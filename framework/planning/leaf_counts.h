// How many partial sums an elastic rank holds: its leaves, folded as sharding/leaf_sums.h folds them.
#pragma once

#include <cstdint>
#include <vector>

namespace lethe::planning {

// By wave, the leaves that a rank runs.
using LeavesByWave = std::vector<std::vector<int>>;
// Of a gradient that is taken for itself: one wave of one leaf.
[[nodiscard]] inline LeavesByWave one_leaf() { return LeavesByWave(1, std::vector<int>{0}); }

struct LeafCounts {
  std::uint64_t open = 0;     // of the segment that is open, with the leaf that is being added up
  std::uint64_t wave = 0;     // of one wave alone, when its segment is closed
  std::uint64_t between = 0;  // of every segment, between two waves; 0 where there is one
  std::uint64_t after = 0;    // of every segment, behind the last wave
};

// The most of each. joins: a leaf may be added onto the sum of the leaf beside it (LeafAdds::once, sums of
// the leaf's dtype). Where sums travel behind each wave, `open` is of one wave alone.
[[nodiscard]] LeafCounts leaf_counts(const LeavesByWave& leaves, bool joins, bool travel_behind_waves);

}  // namespace lethe::planning
