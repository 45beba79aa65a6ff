#include "kernels/perturb.h"

#include "kernels/detail/element.cuh"
#include "kernels/detail/philox.cuh"

namespace lethe::kernels {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::int64_t kMostBlocks = 4096;

template <class In, class Out>
__global__ void add_noise(const In* weights, Out* out, std::int64_t size, std::uint64_t origin, NoiseKey key,
                          float step) {
  NoiseSource noise(key);
  for_each_chunk(size, global_thread(), global_threads(), [&](std::int64_t first, int count) {
    float w[kChunk];
    load(weights + first, count, w);
    for (int i = 0; i < count; ++i) w[i] += step * noise.at(origin + static_cast<std::uint64_t>(first + i));
    store(out + first, count, w);
  });
}

}  // namespace

template <class In, class Out>
void perturb(const In* weights, Out* out, std::int64_t size, std::uint64_t first, const NoiseKey& key,
             float step, Stream stream) {
  if (size == 0) return;
  launch(add_noise<In, Out>, blocks_for(size, kThreads * kChunk, kMostBlocks), kThreads, stream, weights, out,
         size, first, key, step);
}

template void perturb(const float*, float*, std::int64_t, std::uint64_t, const NoiseKey&, float, Stream);
template void perturb(const float*, Bf16*, std::int64_t, std::uint64_t, const NoiseKey&, float, Stream);
template void perturb(const Bf16*, float*, std::int64_t, std::uint64_t, const NoiseKey&, float, Stream);
template void perturb(const Bf16*, Bf16*, std::int64_t, std::uint64_t, const NoiseKey&, float, Stream);

}  // namespace lethe::kernels
