// What would make a rank need less memory: one setting at a time, and the least of them that makes it fit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/planning/memory.h"

namespace lethe::planning {

// A change of settings and what it saves.
struct Remedy {
  std::string setting;  // "parallel.zero: 3", or several, joined by " and "
  std::uint64_t saved = 0;
};

// One change each, the one that saves most first; none that saves nothing. `world`: ranks there are.
[[nodiscard]] std::vector<Remedy> remedies(const models::DecoderModel& model, const Workload& load,
                                           int world);

// The change that costs least among those after which the entries fit into `available` bytes: sharding, then
// time (recomputation, smaller micro-batches), then precision, then several of them, then more ranks. None
// where a thousand times the ranks would not do.
[[nodiscard]] std::optional<Remedy> least_remedy(const models::DecoderModel& model, const Workload& load,
                                                 int world, std::uint64_t available);

// "needs 92.4 GiB on rank 0, 79.1 GiB free: 61.2 GiB moments + …; try parallel.zero: 3 (−24.0 GiB)". Throws
// oom.predicted where the workload does not fit into `available` bytes.
void require_memory(const models::DecoderModel& model, const Workload& load, int world,
                    std::uint64_t available);

}  // namespace lethe::planning
