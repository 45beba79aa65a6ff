// What a rank will need to hold, by category, from shapes alone: before anything is allocated, and for worlds
// that are not there. Bytes of tensors; the process itself (code, LibTorch, MPI) comes on top.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/models/decoder_model.h"
#include "framework/planning/workload.h"

namespace lethe::planning {

struct MemoryEntry {
  std::string category;  // weights, gradients, moments, gathered, activations, head, offloaded, cache,
                         // frozen, evaluation
  std::uint64_t bytes = 0;
  std::string what;  // "master weights, float32, 1/4 of 134.5 M"
};

[[nodiscard]] std::vector<MemoryEntry> predict_memory(const models::DecoderModel& model,
                                                      const Workload& load);
// Beside that, in the host's memory, pinned for a device's copies; empty where the CPU computes. Categories:
// offloaded, checkpoint.
[[nodiscard]] std::vector<MemoryEntry> predict_host_memory(const models::DecoderModel& model,
                                                           const Workload& load);
[[nodiscard]] std::uint64_t total_bytes(const std::vector<MemoryEntry>& entries);

}  // namespace lethe::planning
