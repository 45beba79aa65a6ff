// Everything that a resume needs, complete or absent: each rank writes its part of the weights and moments by
// canonical range, hashed and fsynced; rank 0 writes the manifest and renames the folder into place. It loads
// on any grid. (Layout in docs/architecture.md.)
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "framework/optim/adamw.h"
#include "framework/sharding/weight_store.h"

namespace lethe::training {

struct CheckpointInfo {
  std::int64_t step = 0;    // updates done
  std::string identity;     // hash of what a resume must share: model, data, objective, …
  std::string state;        // the trainer's own small state, JSON
  std::uint64_t bytes = 0;  // of all files
  std::filesystem::path folder;
};

// Collective over `world`. Writes `checkpoints/step-N`, then removes all but the newest `keep`. Errors:
// io.space, io.write.
CheckpointInfo save_checkpoint(const std::filesystem::path& checkpoints, std::int64_t step,
                               const std::string& identity, const std::string& state,
                               sharding::WeightStore& weights, optim::AdamW& optimizer,
                               dist::ProcessGroup& world, std::int64_t keep);

// The newest checkpoint whose files have the hashes of its manifest; damaged ones are moved aside
// (ckpt.corrupt, a warning). Nothing where there is none. Collective: rank 0 looks, all agree. Errors:
// ckpt.schema.
[[nodiscard]] std::optional<CheckpointInfo> find_checkpoint(const std::filesystem::path& checkpoints,
                                                            dist::ProcessGroup& world);

// Fills weights and moments. Errors: ckpt.mismatch where the identity differs.
void load_checkpoint(const CheckpointInfo& info, const std::string& identity, sharding::WeightStore& weights,
                     optim::AdamW& optimizer);

}  // namespace lethe::training
