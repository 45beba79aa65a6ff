// Ranks as MPI processes. Kept free of mpi.h, so that only this part's .cpp files see MPI.
#pragma once

#include <cstddef>
#include <memory>

#include "framework/dist/process_group.h"
#include "framework/dist/watchdog.h"

namespace lethe::dist {

// Where the algorithms change; results do not depend on them. All ranks use the same.
struct MpiSizes {
  // MPI counts in int: what is longer travels in pieces of this many bytes.
  std::size_t longest_message = std::size_t{1} << 30;
  // Pieces of a reduction in flight at a time, from all peers together: they stay in the cache, so memory is
  // read and written once, and scratch memory is bounded whatever the size of the collective.
  std::size_t scratch = std::size_t{1} << 20;
  std::size_t shortest_piece = std::size_t{32} << 10;
  // Up to here an all_reduce gathers everything everywhere: one round of messages instead of two.
  std::size_t small_all_reduce = std::size_t{32} << 10;
};

// All ranks of the job, over a communicator of its own. MPI must be initialised with MPI_THREAD_MULTIPLE and
// outlive the group and those split from it. Collective. Errors of any collective: `peer.lost`.
[[nodiscard]] std::unique_ptr<ProcessGroup> make_mpi_world_group(std::shared_ptr<Watchdog> watchdog,
                                                                 const MpiSizes& sizes = {});

}  // namespace lethe::dist
