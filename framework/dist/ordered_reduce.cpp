#include "framework/dist/ordered_reduce.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <type_traits>

namespace lethe::dist {
namespace {

// Small enough for the first-level cache, so that the accumulator costs no memory traffic.
constexpr std::size_t kBlock = 2048;

struct BFloat16 {
  std::uint16_t bits;
};

float widen(BFloat16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16); }

BFloat16 round_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto rounded = static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
  // Adding to a NaN's payload may overflow into infinity; set its quiet bit instead.
  const auto quiet_nan = static_cast<std::uint16_t>((bits >> 16) | 0x0040u);
  return {(bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet_nan : rounded};
}

template <class T>
struct Arithmetic {  // how T is stored and in what it is added
  using Sum = T;
  static Sum load(T value) { return value; }
  static T store(Sum value) { return value; }
};
template <>
struct Arithmetic<BFloat16> {
  using Sum = float;
  static Sum load(BFloat16 value) { return widen(value); }
  static BFloat16 store(Sum value) { return round_to_bf16(value); }
};
struct Add {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_same_v<T, std::int64_t>) {  // unsigned: overflow wraps instead of being undefined
      return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    } else {
      return static_cast<T>(a + b);
    }
  }
};

template <class T>
bool is_nan(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::isnan(value);
  else
    return false;
}
struct Smaller {
  template <class T>
  static T apply(T a, T b) {
    return is_nan(a) || a < b ? a : b;
  }
};
struct Larger {
  template <class T>
  static T apply(T a, T b) {
    return is_nan(a) || a > b ? a : b;
  }
};

template <class T, class Op>
void reduce_blocks(std::span<const void* const> sources, void* out, std::size_t count) {
  using A = Arithmetic<T>;
  std::array<typename A::Sum, kBlock> sum;
  for (std::size_t first = 0; first < count; first += kBlock) {
    const std::size_t n = std::min(kBlock, count - first);
    const auto source = [&](std::size_t rank) { return static_cast<const T*>(sources[rank]) + first; };
    for (std::size_t i = 0; i < n; ++i) sum[i] = A::load(source(0)[i]);
    for (std::size_t rank = 1; rank < sources.size(); ++rank) {
      const T* values = source(rank);
      for (std::size_t i = 0; i < n; ++i) sum[i] = Op::apply(sum[i], A::load(values[i]));
    }
    T* result = static_cast<T*>(out) + first;
    for (std::size_t i = 0; i < n; ++i) result[i] = A::store(sum[i]);
  }
}

template <class T>
void reduce_as(std::span<const void* const> sources, void* out, std::size_t count, Reduce op) {
  switch (op) {
    case Reduce::sum:
      return reduce_blocks<T, Add>(sources, out, count);
    case Reduce::min:
      return reduce_blocks<T, Smaller>(sources, out, count);
    case Reduce::max:
      return reduce_blocks<T, Larger>(sources, out, count);
  }
}

}  // namespace

void reduce_in_order(std::span<const void* const> sources, void* out, std::size_t count, DType dtype,
                     Reduce op) {
  switch (dtype) {
    case DType::f32:
      return reduce_as<float>(sources, out, count, op);
    case DType::f64:
      return reduce_as<double>(sources, out, count, op);
    case DType::bf16:
      return reduce_as<BFloat16>(sources, out, count, op);
    case DType::i64:
      return reduce_as<std::int64_t>(sources, out, count, op);
    case DType::u8:
      return reduce_as<std::uint8_t>(sources, out, count, op);
  }
}

}  // namespace lethe::dist
