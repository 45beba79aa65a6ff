// What a rank will need to hold, by category, from shapes alone: before anything is allocated, and for worlds
// that are not there. Bytes of tensors; the process itself (code, LibTorch, MPI) comes on top.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/models/decoder_model.h"

namespace lethe::planning {

// How a rank works. Defaults are one rank in float32.
struct Workload {
  int zero = 0;                     // 0 to 3
  int shard_size = 1;               // ranks that hold one copy of the states between them
  int replicas = 1;                 // ranks that hold the same part
  std::uint64_t compute_bytes = 4;  // of an element in the compute dtype: 2, 4, 8
  // Of an element where it is not as usual; 0: it is.
  std::uint64_t wire_bytes = 0;       // of a gathered weight on its way: compute_bytes
  std::uint64_t reduction_bytes = 0;  // of a gradient on its way: as it is added up
  std::uint64_t moment_bytes = 0;     // as the master weights
  bool prefetch = false, recompute = false;
  std::int64_t pack_tokens = 0;       // of the largest micro-batch of a rank
  std::int64_t scored_tokens = 0;     // of those
  std::int64_t reference_tokens = 0;  // whose log-probabilities are cached, over whole sets
  int frozen_shard_size = 0;      // ranks that hold the frozen model between them; 0 where no method reads it
  std::int64_t head_chunk = 128;  // tokens whose logits exist at once, where they are not kept
  std::uint64_t kept_logit_bytes = std::uint64_t{256} << 20;  // kept for the backward up to here
};

struct MemoryEntry {
  std::string category;  // weights, gradients, moments, gathered, activations, head, cache, frozen
  std::uint64_t bytes = 0;
  std::string what;  // "master weights, float32, 1/4 of 134.5 M"
};

[[nodiscard]] std::vector<MemoryEntry> predict_memory(const models::DecoderModel& model,
                                                      const Workload& load);
[[nodiscard]] std::uint64_t total_bytes(const std::vector<MemoryEntry>& entries);

// A setting that makes a rank need less, and what it saves.
struct Remedy {
  std::string setting;  // "parallel.zero: 3"
  std::uint64_t saved = 0;
};

// One change each, the one that saves most first; none that saves nothing. `world`: ranks there are.
[[nodiscard]] std::vector<Remedy> remedies(const models::DecoderModel& model, const Workload& load,
                                           int world);

// "needs 92.4 GiB on rank 0, 79.1 GiB free: 61.2 GiB moments + …; try parallel.zero: 3 (−24.0 GiB)". Throws
// oom.predicted where the entries do not fit into `available` bytes.
void require_memory(const std::vector<MemoryEntry>& entries, const std::vector<Remedy>& remedies,
                    std::uint64_t available);

}  // namespace lethe::planning
