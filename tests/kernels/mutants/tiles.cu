#include "kernels/launch.cuh"
#include "tests/kernels/mutants/mutants.h"

namespace lethe::kernels::mutants {
namespace {

constexpr int kTile = 128;
constexpr unsigned kAll = 0xffffffffu;

// The neighbour's value, through shared memory of the warp.
__device__ float swap_neighbours(Bug bug, float value) {
  LETHE_SHARED(float, exchange, kTile);
  const unsigned own = threadIdx.x;
  exchange[own] = value;
  if (bug != Bug::missing_syncwarp) __syncwarp(kAll);
  value = exchange[own ^ 1u];
  __syncwarp(kAll);
  return value;
}

// As lane 0 of the warp, by half warps.
__device__ float first_of_half(Bug bug, float value) {
  const unsigned half = threadIdx.x % kWarp / 16;
  const unsigned mask = half == 0 ? 0x0000ffffu : 0xffff0000u;
  const int source = static_cast<int>(half) * 16;
  return __shfl_sync(mask, value, bug == Bug::shuffle_from_outside_the_mask ? 0 : source);
}

__global__ void kernel(Bug bug, const float* in, std::int64_t tiles, float* out) {
  LETHE_SHARED(float, tile, kTile);
  for (std::int64_t t = blockIdx.x; t < tiles; t += gridDim.x) {
    const std::int64_t at = t * kTile + threadIdx.x;
    const float value = swap_neighbours(bug, in[at]);
    tile[threadIdx.x] = value;
    if (bug != Bug::tile_read_too_early) __syncthreads();
    out[at] = value + tile[kTile - 1 - threadIdx.x] + 0 * first_of_half(bug, value);
    if (bug != Bug::tile_overwritten_too_early) __syncthreads();
  }
}

}  // namespace

void mirrored_tiles(Bug bug, const float* in, std::int64_t tiles, float* out) {
  launch(kernel, 3u, static_cast<unsigned>(kTile), nullptr, bug, in, tiles, out);
}

}  // namespace lethe::kernels::mutants
