// Philox4x32-10 (Salmon et al., SC 2011) and the two noises, as framework/base/random.cpp defines them.
#pragma once

#include "kernels/launch.cuh"
#include "kernels/perturb.h"

namespace lethe::kernels {

struct PhiloxWords {
  std::uint32_t at[4];
};

__device__ inline PhiloxWords philox(const NoiseKey& key, std::uint64_t block) {
  std::uint32_t k0 = static_cast<std::uint32_t>(key.seed), k1 = static_cast<std::uint32_t>(key.seed >> 32);
  std::uint32_t c0 = static_cast<std::uint32_t>(block), c1 = static_cast<std::uint32_t>(block >> 32);
  std::uint32_t c2 = key.draw, c3 = (key.refresh << 8) | static_cast<std::uint32_t>(key.noise);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0, p1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// Elements of one block of 128 signs, or of four normals: the words are kept from one element to the next.
class NoiseSource {
 public:
  __device__ explicit NoiseSource(const NoiseKey& key) : key_(key) {}

  __device__ float at(std::uint64_t element) {
    if (key_.noise == Noise::gaussian) return static_cast<float>(normal(element));
    seek(element >> 7);
    return (words_.at[(element >> 5) & 3] >> (element & 31)) & 1 ? -1.0f : 1.0f;
  }

 private:
  // Box-Muller in float64, so that every device rounds the same number to float32.
  __device__ double normal(std::uint64_t element) {
    seek(element >> 2);
    const unsigned pair = element & 2;
    const double radius = sqrt(-2.0 * log((words_.at[pair] + 0.5) * 0x1p-32));
    const double angle = 2.0 * 3.141592653589793 * (words_.at[pair + 1] * 0x1p-32);
    return radius * ((element & 1) == 0 ? cos(angle) : sin(angle));
  }
  __device__ void seek(std::uint64_t block) {
    if (have_ && block == block_) return;
    words_ = philox(key_, block);
    block_ = block;
    have_ = true;
  }

  const NoiseKey key_;
  PhiloxWords words_{};
  std::uint64_t block_ = 0;
  bool have_ = false;
};

}  // namespace lethe::kernels
