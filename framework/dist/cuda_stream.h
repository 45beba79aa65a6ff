// A stream on the GPU. Work that is enqueued runs at once on the caller's thread and only queues operations
// (kernels, copies, collectives of an nccl group) on the GPU's stream; events and waits are the GPU's, so the
// host goes on. It knows nothing of LibTorch; the engine's streams (sharding/device_stream.h) are LibTorch's
// own, so that its allocator knows them.
#pragma once

#include <memory>

#include "framework/dist/stream.h"

namespace lethe::dist {

// Of the calling thread's current device, which must exist. Errors: `device.cuda` with CUDA's own words.
[[nodiscard]] std::unique_ptr<Stream> make_cuda_stream();

}  // namespace lethe::dist
