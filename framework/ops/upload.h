// From host memory to where the arithmetic is.
#pragma once

#include <ATen/core/Tensor.h>

namespace lethe::ops {

// A copy of `host` on `device`; on the CPU `host` itself. To a GPU it goes through pinned memory, so that the
// host need not wait for what is queued there.
[[nodiscard]] at::Tensor uploaded(const at::Tensor& host, at::Device device);

}  // namespace lethe::ops
