#include "framework/models/file_dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace lethe::models {
namespace {

float decode_one(FileDType dtype, std::uint16_t half) {
  float value = 0;
  decode(dtype, std::as_bytes(std::span(&half, 1)), std::span(&value, 1));
  return value;
}

std::uint16_t encode_one(FileDType dtype, float value, bool expected = true) {
  std::uint16_t half = 0;
  EXPECT_EQ(encode(dtype, std::span(&value, 1), std::as_writable_bytes(std::span(&half, 1))), expected)
      << value;
  return half;
}

class HalfTypes : public ::testing::TestWithParam<FileDType> {};

TEST_P(HalfTypes, ComeBackBitForBitAllOfThem) {
  std::vector<std::uint16_t> all(65536), again(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  std::vector<float> values(all.size());
  decode(GetParam(), std::as_bytes(std::span(all)), values);
  EXPECT_TRUE(encode(GetParam(), values, std::as_writable_bytes(std::span(again))));
  EXPECT_EQ(all, again);
}

// Against the definition: the nearest of the two neighbours, and the one with an even last bit where both are
// as near.
TEST_P(HalfTypes, RoundToTheNearestAndTiesToEven) {
  const std::uint16_t infinity = GetParam() == FileDType::bf16 ? 0x7F80 : 0x7C00;
  for (std::uint16_t low = 0; low + 1 < infinity; ++low) {
    const auto high = static_cast<std::uint16_t>(low + 1);
    const float a = decode_one(GetParam(), low), b = decode_one(GetParam(), high);
    const auto middle = static_cast<float>((static_cast<double>(a) + b) / 2);
    ASSERT_EQ(encode_one(GetParam(), middle), low % 2 == 0 ? low : high) << low;
    ASSERT_EQ(encode_one(GetParam(), std::nextafter(middle, a)), low) << low;
    ASSERT_EQ(encode_one(GetParam(), -std::nextafter(middle, b)), high | 0x8000) << low;
  }
}

TEST_P(HalfTypes, SayThatAFiniteValueBecameInfinite) {
  const std::uint16_t infinity = GetParam() == FileDType::bf16 ? 0x7F80 : 0x7C00;
  EXPECT_EQ(encode_one(GetParam(), std::numeric_limits<float>::max(), false), infinity);
  EXPECT_EQ(encode_one(GetParam(), std::numeric_limits<float>::infinity(), true), infinity);
}

INSTANTIATE_TEST_SUITE_P(Both, HalfTypes, ::testing::Values(FileDType::bf16, FileDType::f16));

TEST(FileDTypes, KnowValuesThatOneCanLookUp) {
  EXPECT_EQ(decode_one(FileDType::f16, 0x3C00), 1.0f);
  EXPECT_EQ(decode_one(FileDType::f16, 0x7BFF), 65504.0f);
  EXPECT_EQ(decode_one(FileDType::f16, 0x0001), 0x1p-24f);
  EXPECT_EQ(decode_one(FileDType::bf16, 0x3F80), 1.0f);
  EXPECT_EQ(encode_one(FileDType::f16, 65519.0f), 0x7BFF);
  EXPECT_EQ(encode_one(FileDType::f16, 65520.0f, false), 0x7C00);
  EXPECT_EQ(encode_one(FileDType::bf16, 3.14159274f), 0x4049);
}

TEST(FileDTypes, HaveTheNamesOfSafetensors) {
  EXPECT_EQ(dtype_named("BF16"), FileDType::bf16);
  EXPECT_EQ(dtype_named("bf16"), std::nullopt);
  EXPECT_EQ(dtype_named("F4"), std::nullopt);
  EXPECT_EQ(size_of(*dtype_named("I64")), 8u);
  EXPECT_FALSE(holds_weights(FileDType::f64));
  EXPECT_EQ(torch_name_of(FileDType::bf16), "bfloat16");
}

}  // namespace
}  // namespace lethe::models
