// Weights plus noise, into a scratch buffer: out = weights + step * z, where z is the noise of
// framework/base/random.h: a function of (seed, stream, draw, refresh, canonical index), the same on any
// device.
#pragma once

#include "kernels/kernels.h"

namespace lethe::kernels {

enum class Noise : std::uint8_t { rademacher = 1, gaussian = 2 };  // the numbers of base::Stream

struct NoiseKey {
  std::uint64_t seed;
  Noise noise;
  std::uint32_t draw;
  std::uint32_t refresh;  // below 2^24
};

// weights, out [size]; `first` is the canonical index of weights[0]. The sum is formed in float32 and rounded
// once. In, Out: float or Bf16.
template <class In, class Out>
void perturb(const In* weights, Out* out, std::int64_t size, std::uint64_t first, const NoiseKey& key,
             float step, Stream stream);

}  // namespace lethe::kernels
