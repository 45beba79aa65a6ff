// What the kernel tests share: element types, made-up values, and the roundings that every kernel adds.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "framework/base/random.h"
#include "kernels/kernels.h"
#include "tests/kernels/array.h"
#include "tests/support/tolerance.h"

namespace lethe::kernels::tests {

using lethe::testing::kEpsBf16;
using lethe::testing::kEpsFloat;
using lethe::testing::tolerance;
using lethe::testing::within;

inline constexpr std::uint64_t kSeeds = 10;

inline double value_of(float x) { return x; }
inline double value_of(Bf16 x) {
  const std::uint32_t bits = std::uint32_t{x.bits} << 16;
  float wide;
  std::memcpy(&wide, &bits, sizeof wide);
  return wide;
}

// To nearest even, written apart from the kernels' own: through the neighbours.
template <class T>
T rounded_to(double value) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<float>(value);
  } else {
    const auto single = static_cast<float>(value);
    std::uint32_t bits;
    std::memcpy(&bits, &single, sizeof bits);
    const Bf16 below{static_cast<std::uint16_t>(bits >> 16)};
    const Bf16 above{static_cast<std::uint16_t>(below.bits + 1)};
    const double down = std::fabs(single - value_of(below)), up = std::fabs(value_of(above) - single);
    return down < up || (down == up && below.bits % 2 == 0) ? below : above;
  }
}

template <class T>
inline constexpr double kEps = std::is_same_v<T, float> ? kEpsFloat : kEpsBf16;

// Normals of the seed, in T.
template <class T>
std::vector<T> normals(std::uint64_t seed, std::uint32_t which, std::size_t count, double scale = 1) {
  const base::StreamKey key{.seed = seed, .stream = base::Stream::gaussian, .draw = which};
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = rounded_to<T>(scale * base::gaussian(key, i));
  return values;
}

class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "needs 1 GPU, found 0";
  }
};
template <class T>
class TypedDeviceTest : public DeviceTest {};
using ElementTypes = ::testing::Types<float, Bf16>;

}  // namespace lethe::kernels::tests
