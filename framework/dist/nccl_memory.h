// Memory that NCCL allocates and a communicator knows beforehand. Only for .cpp files of this part: it
// includes NCCL's headers.
#pragma once

#include <cstddef>
#include <memory>

#include "framework/dist/nccl_comm.h"
#include "framework/dist/process_group.h"

namespace lethe::dist {

// Whether NCCL gives memory and registers it, here and on every other rank: buffers of which one rank's is
// registered and another's is not are undefined in a collective. Collective over `control`. Where it does
// not, the log says why.
[[nodiscard]] bool every_rank_gets_memory(const std::shared_ptr<Comm>& world, ProcessGroup& control);

// `bytes` on the thread's current GPU, registered with `comm` alone, which lives as long. Null: no room.
// Errors: `device.cuda`. Whoever lets go of it last waits for the GPU.
[[nodiscard]] std::shared_ptr<void> registered_memory(const std::shared_ptr<Comm>& comm, std::size_t bytes);

}  // namespace lethe::dist
