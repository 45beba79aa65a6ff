// Elements of float32 and bf16, read and written eight at a time, computed in float32.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/launch.cuh"

namespace lethe::kernels {

inline constexpr int kChunk = 8;  // elements a thread moves at a time: 16 bytes of bf16, 32 of float32

__device__ inline float to_float(float value) { return value; }
__device__ inline float to_float(Bf16 value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value.bits) << 16;
  float wide;
  memcpy(&wide, &bits, sizeof wide);
  return wide;
}

template <class T>
__device__ T from_float(float value);
template <>
__device__ inline float from_float<float>(float value) {
  return value;
}
// To nearest, ties to even; a NaN stays a NaN (adding to its mantissa could carry into an infinity).
template <>
__device__ inline Bf16 from_float<Bf16>(float value) {
  std::uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>((bits >> 16) | 0x40u)};
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

template <class T>
__device__ float rounded(float value) {
  return to_float(from_float<T>(value));
}

struct __attribute__((may_alias, aligned(16)))
Quad {  // what one instruction moves, whatever the elements are
  std::uint32_t words[4];
};
template <class T>
inline constexpr unsigned kQuads = kChunk * sizeof(T) / sizeof(Quad);

__device__ inline bool is_aligned(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) % sizeof(Quad) == 0;
}

// The elements from `from` on, `count` of them (1 to kChunk); the rest of `out` is left alone.
template <class T>
__device__ void load(const T* from, int count, float (&out)[kChunk]) {
  if (count == kChunk && is_aligned(from)) {
    T values[kChunk];
    const Quad* quads = reinterpret_cast<const Quad*>(from);
    for (unsigned q = 0; q < kQuads<T>; ++q) {
      const Quad quad = quads[q];
      memcpy(reinterpret_cast<char*>(values) + q * sizeof quad, &quad, sizeof quad);
    }
    for (int i = 0; i < kChunk; ++i) out[i] = to_float(values[i]);
    return;
  }
  for (int i = 0; i < count; ++i) out[i] = to_float(from[i]);
}

template <class T>
__device__ void store(T* to, int count, const float (&in)[kChunk]) {
  if (count == kChunk && is_aligned(to)) {
    T values[kChunk];
    for (int i = 0; i < kChunk; ++i) values[i] = from_float<T>(in[i]);
    Quad* quads = reinterpret_cast<Quad*>(to);
    for (unsigned q = 0; q < kQuads<T>; ++q) {
      Quad quad;
      memcpy(&quad, reinterpret_cast<const char*>(values) + q * sizeof quad, sizeof quad);
      quads[q] = quad;
    }
    return;
  }
  for (int i = 0; i < count; ++i) to[i] = from_float<T>(in[i]);
}

// body(first, count) for the chunks of 0 … size - 1 that are worker `worker`'s of `workers`.
template <class Body>
__device__ void for_each_chunk(std::int64_t size, std::int64_t worker, std::int64_t workers, Body body) {
  for (std::int64_t first = worker * kChunk; first < size; first += workers * kChunk) {
    const std::int64_t left = size - first;
    body(first, left < kChunk ? static_cast<int>(left) : kChunk);
  }
}

__device__ inline std::int64_t global_thread() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t global_threads() { return static_cast<std::int64_t>(gridDim.x) * blockDim.x; }

}  // namespace lethe::kernels
