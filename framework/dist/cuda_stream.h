// A stream on the GPU. Work that is enqueued runs at once on the caller's thread and only queues operations
// (kernels, copies, collectives of an nccl group) on the GPU's stream; events and waits are the GPU's, so the
// host goes on.
#pragma once

#include <memory>

#include "framework/dist/stream.h"

struct CUstream_st;  // cudaStream_t is a pointer to it

namespace lethe::dist {

// Of the calling thread's current device, which must exist. Errors: `device.cuda` with CUDA's own words.
[[nodiscard]] std::unique_ptr<Stream> make_cuda_stream();

// The GPU stream whose work runs on this thread now; null outside of any. An nccl group queues there without
// waiting.
[[nodiscard]] CUstream_st* current_cuda_stream() noexcept;

}  // namespace lethe::dist
