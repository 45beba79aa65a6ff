// W virtual ranks in one process, each on a thread of its own: for tests and plans.
#pragma once

#include <functional>

#include "framework/dist/process_group.h"

namespace lethe::dist {

// Runs `body(group)` once for each of `size` virtual ranks, on threads, and waits for all. If one throws, the
// others' collectives throw too, and the first exception is rethrown here.
void run_simulated(int size, const std::function<void(ProcessGroup&)>& body);

}  // namespace lethe::dist
