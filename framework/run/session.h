// The ranks of one command: MPI's life around the guard, and what every rank needs to know of being told to
// stop.
#pragma once

#include <functional>
#include <string>

#include "framework/dist/world.h"

namespace lethe::run {

// Runs `body` on every rank under the guard and returns the exit code. An error on one rank ends them all.
[[nodiscard]] int on_ranks(bool json, const std::string& log_level,
                           const std::function<int(dist::World&)>& body);

// From here on SIGTERM, SIGINT and SIGUSR1 are noted instead of ending the rank: for loops that ask
// told_to_stop.
void listen_to_signals();

// True on every rank once any rank was sent a signal. Collective.
[[nodiscard]] bool told_to_stop(dist::ProcessGroup& world);
// The same as an error: `stopped`, with that message. Collective.
void stop_where_told(dist::ProcessGroup& world, const std::string& message);

}  // namespace lethe::run
