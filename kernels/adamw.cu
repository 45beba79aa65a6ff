#include "kernels/adamw.h"

#include <cmath>

#include "kernels/detail/element.cuh"

namespace lethe::kernels {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::int64_t kMostBlocks = 4096;

struct Factors {  // computed once in float64
  float beta1, rest1, beta2, rest2, scale, keep, size, root, epsilon;
};

Factors factors(const AdamwStep& s) {
  const auto step = static_cast<double>(s.step);
  const auto beta1 = static_cast<float>(s.beta1), beta2 = static_cast<float>(s.beta2);
  return {beta1,
          1 - beta1,
          beta2,
          1 - beta2,
          static_cast<float>(s.gradient_scale),
          static_cast<float>(1 - s.learning_rate * s.weight_decay),
          static_cast<float>(s.learning_rate / (1 - std::pow(s.beta1, step))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(s.beta2, step))),
          static_cast<float>(s.epsilon)};
}

template <class Gradient>
__global__ void update(AdamwShard<Gradient> shard, Factors f) {
  for_each_chunk(shard.size, global_thread(), global_threads(), [&](std::int64_t first, int count) {
    float w[kChunk], g[kChunk], m[kChunk], v[kChunk];
    load(shard.weights + first, count, w);
    load(shard.gradients + first, count, g);
    load(shard.first_moment + first, count, m);
    load(shard.second_moment + first, count, v);
    for (int i = 0; i < count; ++i) {
      const float gradient = g[i] * f.scale;
      m[i] = f.beta1 * m[i] + f.rest1 * gradient;
      v[i] = f.beta2 * v[i] + f.rest2 * gradient * gradient;
      w[i] = w[i] * f.keep - f.size * m[i] / (sqrtf(v[i]) * f.root + f.epsilon);
    }
    store(shard.weights + first, count, w);
    store(shard.first_moment + first, count, m);
    store(shard.second_moment + first, count, v);
    if (shard.rounded_weights) store(shard.rounded_weights + first, count, w);
  });
}

}  // namespace

template <class Gradient>
void adamw(const AdamwShard<Gradient>& shard, const AdamwStep& step, Stream stream) {
  if (shard.size == 0) return;
  launch(update<Gradient>, blocks_for(shard.size, kThreads * kChunk, kMostBlocks), kThreads, stream, shard,
         factors(step));
}

template void adamw(const AdamwShard<float>&, const AdamwStep&, Stream);
template void adamw(const AdamwShard<Bf16>&, const AdamwStep&, Stream);

}  // namespace lethe::kernels
