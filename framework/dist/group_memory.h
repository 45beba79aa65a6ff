// Bytes that groups of this process gave to their callers (ProcessGroup::allocate): the device's allocator
// does not know them, so tables of memory ask here.
#pragma once

#include <cstdint>

namespace lethe::dist {

struct GroupMemory {
  std::uint64_t now = 0, peak = 0;  // bytes
};
[[nodiscard]] GroupMemory group_memory() noexcept;

// What a group gave; negative: what came back. Any thread.
void count_group_memory(std::int64_t bytes) noexcept;

}  // namespace lethe::dist
