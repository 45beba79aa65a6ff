// Sums and maxima over the threads of a block: the only place with barriers and shuffles. All threads of the
// block call these, with blocks of whole warps (at most 32 of them). The order of additions is fixed: the
// same bits every time.
#pragma once

#include "kernels/launch.cuh"

namespace lethe::kernels {

inline constexpr unsigned kAllLanes = 0xffffffffu;

struct Sum {
  static __device__ float neutral() { return 0.0f; }
  __device__ float operator()(float a, float b) const { return a + b; }
};
struct Max {
  static __device__ float neutral() { return -INFINITY; }
  __device__ float operator()(float a, float b) const { return a > b ? a : b; }
};

template <class Combine>
__device__ float reduce_warp(float value, Combine combine) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2)
    value = combine(value, __shfl_xor_sync(kAllLanes, value, distance));
  return value;
}

// Every thread gets the result.
template <class Combine>
__device__ float reduce_block(float value, Combine combine) {
  LETHE_SHARED(float, parts, kWarp);
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  value = reduce_warp(value, combine);
  if (lane == 0) parts[warp] = value;
  __syncthreads();
  value = reduce_warp(lane < warps ? parts[lane] : Combine::neutral(), combine);
  __syncthreads();  // the next reduction writes `parts` again: a slow warp must have read it
  return value;
}

}  // namespace lethe::kernels
