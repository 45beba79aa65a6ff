// A group that hands everything on and counts what went through it: which collectives, and how many bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "framework/dist/process_group.h"

namespace lethe::testing {

// Of one rank, over a group and all that are split off it: bytes of whole buffers.
struct Traffic {
  std::atomic<std::size_t> gathers{0}, gathered{0};  // all_gather
  std::atomic<std::size_t> reduces{0}, reduced{0};   // reduce_scatter, all_to_all, all_reduce
};

// Both must outlive the group.
[[nodiscard]] std::unique_ptr<dist::ProcessGroup> count_traffic(dist::ProcessGroup& group, Traffic& traffic);

}  // namespace lethe::testing
