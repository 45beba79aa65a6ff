// The process grid replicate x shard. Ranks of one shard group hold one copy of the model between them (ZeRO:
// 1 optimizer state, 2 also gradients, 3 also weights); ranks with the same place in their shard groups are
// replicas. zero: 0 is a shard group of one. Consecutive ranks form a shard group, so that gathers stay
// inside a node.
#pragma once

#include <memory>

#include "framework/dist/process_group.h"

namespace lethe::sharding {

struct GridShape {
  int zero = 0;        // 0, 1, 2, 3
  int shard_size = 1;  // ranks in a shard group; divides the world. 1 when zero is 0
};

// `zero: 0` shards nothing; otherwise over `shard` ranks, or the whole world when it is 0. Errors:
// config.range, config.conflict.
[[nodiscard]] GridShape grid_shape(int zero, int shard, int world_size);

class Grid {
 public:
  // Collective over `world`, which must outlive the grid.
  Grid(dist::ProcessGroup& world, GridShape shape);

  int zero() const noexcept { return shape_.zero; }
  int shard_size() const noexcept { return shape_.shard_size; }
  int shard_rank() const noexcept { return world_.rank() % shape_.shard_size; }
  int num_replicas() const noexcept { return world_.size() / shape_.shard_size; }

  dist::ProcessGroup& world() noexcept { return world_; }
  // Two groups over the same ranks, because weights and gradients travel on streams of their own at the same
  // time.
  dist::ProcessGroup& gather_group() noexcept { return *gather_; }
  dist::ProcessGroup& reduce_group() noexcept { return *reduce_; }
  dist::ProcessGroup& replica_group() noexcept { return *replica_; }

 private:
  dist::ProcessGroup& world_;
  GridShape shape_;
  std::unique_ptr<dist::ProcessGroup> gather_, reduce_, replica_;
};

}  // namespace lethe::sharding
