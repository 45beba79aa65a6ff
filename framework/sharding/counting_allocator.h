// Counts LibTorch's CPU allocations by base::MemoryScope, exactly: each allocation remembers what it was for,
// and gives its bytes back whoever frees it, on whatever thread.
#pragma once

namespace lethe::sharding {

// From now on, in this process. Where no scope has counters, nothing is counted and nothing is added. May be
// called again.
void count_allocations();

}  // namespace lethe::sharding
