#include "kernels/launch.cuh"
#include "tests/kernels/mutants/mutants.h"

namespace lethe::kernels::mutants {
namespace {

constexpr unsigned kAll = 0xffffffffu;
constexpr unsigned kThreads = 128;

__device__ float warp_sum(Bug bug, float value) {
  const unsigned mask = bug == Bug::wrong_mask ? 0x0000ffffu : kAll;
  for (int distance = kWarp / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(mask, value, distance);
  return value;
}

__device__ float block_sum(Bug bug, float value) {
  const bool small = bug == Bug::shared_overflow;
  LETHE_SHARED(float, few, 3);
  LETHE_SHARED(float, enough, kWarp);
  float* parts = small ? few : enough;
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = bug == Bug::uninitialised_shared ? kWarp : static_cast<int>(blockDim.x) / kWarp;
  value = warp_sum(bug, value);
  if (lane == 0) parts[warp] = value;
  if (bug == Bug::divergent_barrier && warp == 1) {
    __syncthreads();
  } else if (bug != Bug::missing_barrier_before_read) {
    __syncthreads();
  }
  value = warp_sum(bug, lane < warps ? parts[lane] : 0.0f);
  if (bug != Bug::scratch_reused_too_early) __syncthreads();
  return value;
}

struct alignas(16) Four {
  float at[4];
};

__device__ void add_up(Bug bug, const float* row, std::int64_t width, float& sum, float& squares) {
  const std::int64_t end = bug == Bug::tail_off_by_one ? width + 1 : width;
  if (bug == Bug::misaligned_vector_load) {  // rows of any width are not all aligned
    for (std::int64_t i = threadIdx.x; i < width / 4; i += blockDim.x) {
      const Four four = reinterpret_cast<const Four*>(row)[i];
      for (const float v : four.at) sum += v, squares += v * v;
    }
    for (std::int64_t i = width / 4 * 4 + threadIdx.x; i < width; i += blockDim.x)
      sum += row[i], squares += row[i] * row[i];
    return;
  }
  for (std::int64_t i = threadIdx.x; i < end; i += blockDim.x) {
    const float v = row[i];
    sum += v;
    squares += v * v;
    if (bug == Bug::full_mask_in_divergent_branch && i == 0) sum += 0 * __shfl_sync(kAll, v, 0);
  }
}

__global__ void kernel(Bug bug, const float* values, std::int64_t width, float* sums, float* squares,
                       float* total) {
  float sum = 0, square = 0;
  if (bug == Bug::early_return_before_barrier && threadIdx.x >= 77) return;
  add_up(bug, values + static_cast<std::int64_t>(blockIdx.x) * width, width, sum, square);
  sum = block_sum(bug, sum);
  square = block_sum(bug, square);
  if (threadIdx.x != 0) return;
  sums[blockIdx.x] = sum;
  squares[blockIdx.x] = square;
  if (bug == Bug::non_atomic_update_across_blocks)
    *total += sum;
  else
    atomicAdd(total, sum);
}

}  // namespace

void row_sums(Bug bug, const float* values, std::int64_t rows, std::int64_t width, float* sums,
              float* squares, float* total) {
  launch(kernel, static_cast<unsigned>(rows), kThreads, nullptr, bug, values, width, sums, squares, total);
}

}  // namespace lethe::kernels::mutants
