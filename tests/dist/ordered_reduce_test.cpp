#include "framework/dist/ordered_reduce.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/dist/values.h"

namespace lethe::dist::tests {
namespace {

template <class T>
T reduce_two(T a, T b, DType dtype, Reduce op = Reduce::sum) {
  const std::array<const void*, 2> sources{&a, &b};
  T out{};
  reduce_in_order(sources, &out, 1, dtype, op);
  return out;
}

std::uint16_t add_bf16(std::uint16_t a, std::uint16_t b) { return reduce_two(a, b, DType::bf16); }

TEST(OrderedReduce, Bf16RoundsTiesToEven) {
  EXPECT_EQ(from_bf16(add_bf16(exact_bf16(256), exact_bf16(1))), 256.0f);  // 257 lies between 256 and 258
  EXPECT_EQ(from_bf16(add_bf16(exact_bf16(256), exact_bf16(3))), 260.0f);  // 259 lies between 258 and 260
}

TEST(OrderedReduce, Bf16OverflowsToInfinityAndKeepsNan) {
  const std::uint16_t largest = 0x7F7F, infinity = 0x7F80, signalling = 0x7F81, all_ones = 0xFFFF;
  EXPECT_EQ(add_bf16(largest, largest), infinity);
  EXPECT_TRUE(std::isnan(from_bf16(add_bf16(signalling, exact_bf16(1)))));
  EXPECT_TRUE(std::isnan(from_bf16(add_bf16(all_ones, exact_bf16(1)))));
}

TEST(OrderedReduce, IntegersWrap) {
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(reduce_two(highest, std::int64_t{1}, DType::i64), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reduce_two(std::uint8_t{250}, std::uint8_t{10}, DType::u8), 4);
}

TEST(OrderedReduce, OneSourceKeepsItsBits) {
  const float negative_zero = -0.0f;
  const std::array<const void*, 1> sources{&negative_zero};
  float out = 1.0f;
  reduce_in_order(sources, &out, 1, DType::f32, Reduce::sum);
  EXPECT_TRUE(std::signbit(out));
}

TEST(OrderedReduce, TheResultMayReplaceAnySource) {
  for (std::size_t target = 0; target < 3; ++target) {
    std::vector<std::vector<float>> held(3, std::vector<float>(5003));
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t i = 0; i < 5003; ++i) held[r][i] = rough_value(static_cast<int>(r), i);
    }
    const std::array<const void*, 3> sources{held[0].data(), held[1].data(), held[2].data()};
    reduce_in_order(sources, held[target].data(), 5003, DType::f32, Reduce::sum);
    for (std::size_t i = 0; i < 5003; ++i) {
      ASSERT_EQ(held[target][i], (rough_value(0, i) + rough_value(1, i)) + rough_value(2, i)) << i;
    }
  }
}

}  // namespace
}  // namespace lethe::dist::tests
