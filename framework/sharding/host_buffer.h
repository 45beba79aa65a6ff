// Host memory that a device's copies go through.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/sharding/grid.h"

namespace lethe::sharding {

// [sizes], not written. Where the placement gives host memory it is that, of these bytes and no more, and
// counts as what the thread's scope says until it is let go: LibTorch's own pinned memory comes in powers of
// two. It is for buffers that are kept, and by then whoever copied must be done with it.
[[nodiscard]] at::Tensor host_buffer(const Placement& placement, at::IntArrayRef sizes, at::ScalarType dtype);

}  // namespace lethe::sharding
