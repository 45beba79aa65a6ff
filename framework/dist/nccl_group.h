// Ranks as GPUs, over NCCL itself. Kept free of nccl.h, so that only this part's .cpp files see it.
//
// Spans point to GPU memory. On a thread that runs work of a GPU's stream (queue_scope.h) a collective is
// queued on that stream and returns at once: its buffers must live until the stream has passed it. Elsewhere
// it is queued on the group's own stream and waited for. Sums have the same bits on every rank; their order
// is NCCL's own, and bf16 sums are rounded as NCCL does.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "framework/dist/process_group.h"
#include "framework/dist/watchdog.h"

namespace lethe::dist {

[[nodiscard]] bool nccl_is_built() noexcept;
[[nodiscard]] std::string nccl_version();  // "2.28.9", of the library that is loaded; empty: built without

struct NcclStart {
  ProcessGroup& control;  // the same ranks over MPI: carries the unique id and the versions
  std::shared_ptr<Watchdog> watchdog;
  // A queued collective failed, and nobody waits for it: gets the error, on a thread of the group.
  std::function<void(const Error&)> on_failure;
};

// All ranks of `control`, each on its thread's current GPU. Collective. Errors: `dist.version` (the ranks'
// NCCL differ), `device.none` (built without NCCL), `peer.lost` (a collective failed: NCCL's words, rank,
// collective).
[[nodiscard]] std::unique_ptr<ProcessGroup> make_nccl_world_group(const NcclStart& start);

// Ends all communicators of this process, so that what waits in them returns: before the process ends. Any
// thread.
void abort_nccl() noexcept;

}  // namespace lethe::dist
