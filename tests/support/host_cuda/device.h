// CUDA's words for a kernel that is compiled for the host: kernels/launch.cuh includes this where nvcc is not
// the compiler. Include it before anything that is named like these macros is used.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tests/support/host_cuda/executor.h"

#define __global__
#define __device__
#define __host__
#define threadIdx (::lethe::host_cuda::thread_index())
#define blockIdx (::lethe::host_cuda::block_index())
#define blockDim (::lethe::host_cuda::block_dim())
#define gridDim (::lethe::host_cuda::grid_dim())
#define __syncthreads() ::lethe::host_cuda::sync_block({__FILE__, __LINE__})
#define __syncwarp(mask) ::lethe::host_cuda::sync_warp(mask, {__FILE__, __LINE__})
#define LETHE_SHUFFLE(operation, mask, value, operand)                                            \
  ::lethe::host_cuda::shuffle_value(::lethe::host_cuda::Shuffle::operation, mask, value, operand, \
                                    {__FILE__, __LINE__})
#define __shfl_sync(mask, value, lane) LETHE_SHUFFLE(from_lane, mask, value, lane)
#define __shfl_xor_sync(mask, value, lanes) LETHE_SHUFFLE(lane_xor, mask, value, lanes)
#define __shfl_down_sync(mask, value, by) LETHE_SHUFFLE(down, mask, value, by)
#define LETHE_SHARED(T, name, count) \
  T* const name =                    \
      static_cast<T*>(::lethe::host_cuda::shared(sizeof(T) * (count), __PRETTY_FUNCTION__, __LINE__))

namespace lethe::host_cuda {

template <class T>
T shuffle_value(Shuffle operation, unsigned mask, T value, int operand, Place place) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = shuffle(operation, mask, bits, operand, place);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace lethe::host_cuda

namespace lethe::kernels {

// Relaxed, as CUDA's: it orders nothing else.
inline float atomicAdd(float* address, float value) {
  return std::atomic_ref<float>(*address).fetch_add(value, std::memory_order_relaxed);
}

template <class... Parameters, class Stream, class... Arguments>
void launch(void (*kernel)(Parameters...), unsigned grid, unsigned block, Stream, Arguments... arguments) {
  host_cuda::run(grid, block, [&] { kernel(static_cast<Parameters>(arguments)...); });
}

}  // namespace lethe::kernels
