// Inputs and expected sums of the conformance suite. Values are small integers: their sums are exact in every
// dtype and in any order. Rough values are not: their sum shows the order in which it was taken.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "framework/base/random.h"
#include "framework/dist/process_group.h"

namespace lethe::dist::tests {

inline constexpr DType kAllDTypes[] = {DType::f32, DType::f64, DType::bf16, DType::i64, DType::u8};

using Bytes = std::vector<std::byte>;

inline std::uint16_t exact_bf16(float value) {  // of values that bf16 holds exactly
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
}
inline float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

template <class T>
void put_at(Bytes& bytes, std::size_t index, T value) {
  std::memcpy(bytes.data() + index * sizeof(T), &value, sizeof(T));
}

inline void put(Bytes& bytes, std::size_t index, DType dtype, int value) {
  switch (dtype) {
    case DType::f32:
      return put_at(bytes, index, static_cast<float>(value));
    case DType::f64:
      return put_at(bytes, index, static_cast<double>(value));
    case DType::bf16:
      return put_at(bytes, index, exact_bf16(static_cast<float>(value)));
    case DType::i64:
      return put_at(bytes, index, static_cast<std::int64_t>(value));
    case DType::u8:
      return put_at(bytes, index, static_cast<std::uint8_t>(value));
  }
}

// `make(i)`: element i, from 0 to 255 (bf16 and u8 hold these exactly).
template <class Make>
Bytes make_bytes(std::size_t count, DType dtype, Make make) {
  Bytes bytes(count * size_of(dtype));
  for (std::size_t i = 0; i < count; ++i) put(bytes, i, dtype, make(i));
  return bytes;
}

inline Span span(Bytes& bytes, DType dtype) { return {bytes.data(), bytes.size() / size_of(dtype), dtype}; }
inline Span part(Bytes& bytes, DType dtype, std::size_t first, std::size_t count) {
  return {bytes.data() + first * size_of(dtype), count, dtype};
}

// What rank r holds at i. At most 12 in value: the sum over 8 ranks stays below 128.
inline int exact_value(int rank, std::size_t i) {
  return static_cast<int>((i * 7 + static_cast<std::size_t>(rank) * 5) % 13);
}
inline int exact_sum(int size, std::size_t i) {
  int sum = 0;
  for (int rank = 0; rank < size; ++rank) sum += exact_value(rank, i);
  return sum;
}

// Signs and sizes from 2^-12 to 2^12, so that float32 sums depend on the order.
inline float rough_value(int rank, std::size_t i) {
  const auto words = base::random_words({.seed = 11, .draw = static_cast<std::uint32_t>(rank)}, i);
  const float size = static_cast<float>(1u << (words[0] % 25)) / 4096.0f;
  const float mantissa = 1.0f + static_cast<float>(words[1] >> 9) / 8388608.0f;
  return (words[2] & 1 ? -size : size) * mantissa;
}

}  // namespace lethe::dist::tests
