// The frozen model beside the policy, for objectives that need its full distributions or hidden states. It is
// sharded over all ranks and gathered block by block like any other.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "framework/walk/block_walk.h"

namespace lethe::training {

// What it makes of a wave's packs; holds its head while the policy's head reads it.
struct FrozenRows {
  std::optional<sharding::WeightStore::Lease> held;
  std::vector<walk::ReferenceRows> references;  // by pack; empty where no distribution is asked for
  std::vector<at::Tensor> taps;                 // by pack, [scored, width]
};

class FrozenModel {
 public:
  // Both must outlive it.
  FrozenModel(const models::DecoderModel& model, sharding::WeightStore& weights)
      : model_(model), weights_(weights), walk_(model, weights) {}

  // Collective. distributions: fills `references`, whose row 0 is scored row first[i] of the policy's pack i.
  // tap_layer: fills `taps`; -1 does not.
  [[nodiscard]] FrozenRows run(std::span<const data::Pack> packs, bool distributions, int tap_layer,
                               std::span<const std::int64_t> first);

 private:
  const models::DecoderModel& model_;
  sharding::WeightStore& weights_;
  walk::BlockWalk walk_;
};

}  // namespace lethe::training
