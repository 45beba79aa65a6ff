#include "framework/dist/group_memory.h"

#include <atomic>

namespace lethe::dist {
namespace {

std::atomic<std::uint64_t> now{0}, peak{0};

}  // namespace

GroupMemory group_memory() noexcept { return {.now = now, .peak = peak}; }

void count_group_memory(std::int64_t bytes) noexcept {
  const std::uint64_t change = static_cast<std::uint64_t>(bytes), value = now.fetch_add(change) + change;
  std::uint64_t highest = peak;
  while (value > highest && !peak.compare_exchange_weak(highest, value)) {
  }
}

}  // namespace lethe::dist
