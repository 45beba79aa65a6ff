#include "framework/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace lethe::base {
namespace {

std::string signs(std::uint64_t seed, std::uint32_t refresh, std::uint32_t draw, std::uint64_t first) {
  std::vector<float> values(32);
  rademacher({.seed = seed, .stream = Stream::rademacher, .draw = draw, .refresh = refresh}, first, values);
  std::string text;
  for (const float v : values) text += v > 0 ? '+' : '-';
  return text;
}

TEST(Philox, MatchesThePublishedVectors) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32_10({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rademacher, MatchesTheSignVectors) {
  EXPECT_EQ(signs(12345, 0, 0, 0), "-++-------+-++-++-+-++---+++--++");
  EXPECT_EQ(signs(12345, 2, 3, 100), "-++--+-----++--+---+++--+-++-+--");
  EXPECT_EQ(signs((1ull << 40) + 7, 1, 5, (1ull << 39) + 5), "+-+--++++---+-++++-++-++-++-+++-");
}

TEST(Rademacher, AnyCutReproducesTheWholeBitwise) {
  const StreamKey key{.seed = 9, .stream = Stream::rademacher, .draw = 2, .refresh = 1};
  std::vector<float> whole(1000), cut(1000);
  rademacher(key, 77, whole);
  for (std::size_t at = 0, step = 1; at < cut.size(); at += step, step = step * 2 % 333 + 1)
    rademacher(key, 77 + at, std::span(cut).subspan(at, std::min(step, cut.size() - at)));
  EXPECT_EQ(whole, cut);
}

TEST(Gaussian, MatchesTheCheckValues) {
  const double expected[] = {0.973398047, 0.880119878, -1.395060193, 0.366358172, -0.139796305, -1.041723876};
  for (std::uint64_t g = 0; g < 6; ++g)
    EXPECT_NEAR(gaussian({.seed = 12345, .stream = Stream::gaussian}, g), expected[g], 1e-8) << g;
}

TEST(Uniform, LiesInTheOpenUnitInterval) {
  double sum = 0;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    const double u = uniform({.seed = 3}, i);
    EXPECT_GT(u, 0);
    EXPECT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 4096, 0.5, 4.0 / std::sqrt(12.0 * 4096));
}

}  // namespace
}  // namespace lethe::base
