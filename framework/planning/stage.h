// `parallel.zero: auto`: the smallest ZeRO stage that fits.
#pragma once

#include <cstdint>

#include "framework/planning/memory.h"

namespace lethe::planning {

// What a rank's resident memory may exceed the bytes of its tensors by: fragments, stacks, libraries' own
// buffers.
inline constexpr double kResidentOverTensors = 1.15;

struct Stage {
  Workload load;  // with that stage
  std::uint64_t needs = 0;
  bool fits = false;  // with kResidentOverTensors
};

// 0, 1, 2 or 3: the first that fits into `available` bytes, else 3. Stages above 0 shard over `group` ranks;
// one rank has stage 0 alone. Of `load` the stage is not read; its shard_size times its replicas are the
// world's ranks.
[[nodiscard]] Stage smallest_stage(const models::DecoderModel& model, const Workload& load, int group,
                                   std::uint64_t available);

}  // namespace lethe::planning
