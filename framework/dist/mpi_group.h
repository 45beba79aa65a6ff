// Ranks as MPI processes. Kept free of mpi.h, so that only this part's .cpp files see MPI.
#pragma once

#include <memory>

#include "framework/dist/process_group.h"
#include "framework/dist/watchdog.h"

namespace lethe::dist {

// All ranks of the job, over a communicator of its own. MPI must be initialised with MPI_THREAD_MULTIPLE and
// outlive the group and those split from it. Collective. Errors of any collective: `peer.lost`.
[[nodiscard]] std::unique_ptr<ProcessGroup> make_mpi_world_group(std::shared_ptr<Watchdog> watchdog);

}  // namespace lethe::dist
