// Going on from a checkpoint, on any grid and any world. (checkpoint_writer.h writes them, checkpoint_files.h
// says what they are on disk.)
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
  double seconds = 0;       // from the beginning of a save to its end; 0 for one that was found
  std::filesystem::path folder;
};

// The newest checkpoint whose manifest is sound and whose files have the hashes that it names; damaged ones
// are moved aside (ckpt.corrupt, a warning). Nothing where there is none. Collective: rank 0 looks, all
// agree. Errors: ckpt.schema.
[[nodiscard]] std::optional<CheckpointInfo> find_checkpoint(const std::filesystem::path& checkpoints,
                                                            dist::ProcessGroup& world);

// Fills weights and moments. Errors: ckpt.mismatch where the identity or the moments' dtype differs.
void load_checkpoint(const CheckpointInfo& info, const std::string& identity, sharding::WeightStore& weights,
                     optim::AdamW& optimizer);

}  // namespace lethe::training
