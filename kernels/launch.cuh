// The one way to the device: launch(kernel, grid, block, stream, arguments…) and LETHE_SHARED(T, name,
// count). nvcc compiles the kernels for GPUs; any other compiler runs the same sources through the emulator
// of tests/support.
#pragma once

#ifdef __CUDACC__
#include "kernels/detail/cuda_device.cuh"
#else
#include <host_cuda/device.h>
#endif

#include "kernels/kernels.h"

namespace lethe::kernels {

inline constexpr int kWarp = 32;

[[nodiscard]] inline unsigned blocks_for(std::int64_t work, std::int64_t per_block, std::int64_t most) {
  const std::int64_t blocks = (work + per_block - 1) / per_block;
  return static_cast<unsigned>(blocks < most ? blocks : most);
}

}  // namespace lethe::kernels
