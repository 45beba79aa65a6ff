// Buffers of a device whose bytes travel between ranks.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/dist/process_group.h"

namespace lethe::sharding {

// [size], not written, for collectives of `group`: in its own memory where it gives any, else from LibTorch.
// For buffers that live as long as a store, which has drained its streams when they go. Not counted: the
// caller's DeviceBytes does that. Throws LibTorch's out of memory.
[[nodiscard]] at::Tensor wire_buffer(dist::ProcessGroup& group, std::int64_t size,
                                     const at::TensorOptions& options);

}  // namespace lethe::sharding
