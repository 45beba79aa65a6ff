// The process grid replicate x shard. Ranks of one shard group hold one copy of the model between them (ZeRO:
// 1 optimizer state, 2 also gradients, 3 also weights); ranks with the same place in their shard groups are
// replicas. zero: 0 is a shard group of one. Consecutive ranks form a shard group, so that gathers stay
// inside a node.
//
// The grid also says where a rank computes: its device, and the group that moves that device's memory. All
// that makes tensors asks it.
#pragma once

#include <c10/core/Device.h>

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

// Where a rank's tensors lie.
struct Placement {
  at::Device device = at::kCPU;
  // The same ranks over the device's memory (nccl); null: the world's own group reaches it.
  dist::ProcessGroup* data_plane = nullptr;
  // For copies between the host and the device (host_buffer.h); null: LibTorch's.
  std::shared_ptr<void> (*host_memory)(std::size_t bytes) = nullptr;
};

class Grid {
 public:
  // Collective over `world`, which must outlive the grid, and so must the data plane.
  Grid(dist::ProcessGroup& world, GridShape shape, Placement placement = {});

  int zero() const noexcept { return shape_.zero; }
  int shard_size() const noexcept { return shape_.shard_size; }
  int shard_rank() const noexcept { return world_.rank() % shape_.shard_size; }
  int num_replicas() const noexcept { return world_.size() / shape_.shard_size; }

  const Placement& placement() const noexcept { return placement_; }
  at::Device device() const noexcept { return placement_.device; }

  // Over host memory: numbers that every rank knows, not tensors.
  dist::ProcessGroup& world() noexcept { return world_; }
  dist::ProcessGroup& shard_group() noexcept { return shard_ ? *shard_ : *reduce_; }
  // Over the device's memory. Two groups of the same ranks, because weights and gradients travel on streams
  // of their own at the same time.
  dist::ProcessGroup& gather_group() noexcept { return *gather_; }
  dist::ProcessGroup& reduce_group() noexcept { return *reduce_; }
  dist::ProcessGroup& replica_group() noexcept { return *replica_; }

 private:
  dist::ProcessGroup& world_;
  GridShape shape_;
  Placement placement_;
  std::unique_ptr<dist::ProcessGroup> gather_, reduce_, replica_;
  std::unique_ptr<dist::ProcessGroup> shard_;  // null where reduce_ reaches host memory
};

}  // namespace lethe::sharding
