// Row numbers, token ids and targets of a pack as tensors where the blocks compute.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace lethe::walk {

// [values.size()] int64, a copy on `device`.
[[nodiscard]] at::Tensor index_tensor(std::span<const std::int64_t> values, at::Device device);

}  // namespace lethe::walk
