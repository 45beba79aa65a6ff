// The ranks of one command: MPI's life around the guard, and what every rank needs to know of being told to stop.
#pragma once

#include <functional>
#include <string>

#include "framework/dist/world.h"

namespace lethe::run {

// Runs `body` on every rank under the guard and returns the exit code. An error on one rank ends them all. SIGTERM, SIGINT and SIGUSR1 are noted
// from here on (see told_to_stop).
[[nodiscard]] int on_ranks(bool json, const std::string& log_level, const std::function<int(dist::World&)>& body);

// True on every rank once any rank was sent a signal. Collective.
[[nodiscard]] bool told_to_stop(dist::ProcessGroup& world);

}  // namespace lethe::run
