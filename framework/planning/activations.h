// What a pass allocates on the CPU, in bytes, at its fullest moment: worked out from what the blocks' graphs
// save and from the order in which their backward frees it. tests/planning/counted_test.cpp holds it against
// the allocator's count.
#pragma once

#include <cstdint>

#include "framework/models/hf_config.h"
#include "framework/planning/workload.h"

namespace lethe::planning {

struct PassBytes {
  std::uint64_t activations = 0;  // kept by all blocks, and what the backward of a block needs beside that
  std::uint64_t head = 0;         // what the head's backward needs more than a block's
  std::uint64_t offloaded = 0;    // inputs in the host's memory, also where that is not the blocks'
};

// largest_layer: elements of the parameters of a block. kept_layers: those that keep something for the
// backward, the lowest trained one and all above it that are run.
[[nodiscard]] PassBytes pass_bytes(const models::HfConfig& shape, std::uint64_t largest_layer,
                                   std::int64_t kept_layers, const Workload& load);

}  // namespace lethe::planning
