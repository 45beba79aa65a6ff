// One fused pass of AdamW: against hand-computed values, moments in bf16, and stochastic rounding's two laws:
// right in the mean, and the same bits whatever the cut.
#include "framework/ops/adamw.h"

#include <c10/util/BFloat16.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "framework/ops/stochastic_rounding.h"

namespace lethe::ops {
namespace {

using c10::BFloat16;
constexpr double kUlp = 1.0 / 128;  // of bf16 in [1, 2)

template <class Moment>
struct Shard {
  std::vector<float> w, g;
  std::vector<Moment> m, v;
  void step(const AdamWStep& step, const MomentRounding& rounding = {}) {
    adamw<float, Moment>(w, g, m, v, step, rounding);
  }
};

// Values of no special kind; moments that bf16 holds, so that both kinds start alike.
template <class Moment>
Shard<Moment> some_shard(std::size_t size) {
  Shard<Moment> s;
  for (std::size_t i = 0; i < size; ++i) {
    s.w.push_back(static_cast<float>(std::sin(1.0 + static_cast<double>(i))));
    s.g.push_back(static_cast<float>(std::cos(2.0 + 3.0 * static_cast<double>(i))));
    s.m.push_back(static_cast<Moment>(static_cast<float>(BFloat16(0.1f * s.g[i]))));
    s.v.push_back(static_cast<Moment>(static_cast<float>(BFloat16(0.01f * s.w[i] * s.w[i]))));
  }
  return s;
}

MomentRounding stochastic(std::uint32_t step, std::uint64_t first = 0) {
  return {
      .stochastic = true, .key = {.seed = 5, .stream = base::Stream::rounding, .draw = step}, .first = first};
}

TEST(Adamw, IsWhatTheFormulaSays) {
  std::vector<double> w = {2}, g = {0.5}, m = {0.1}, v = {0.04};
  adamw<double, double>(w, g, m, v,
                        {.learning_rate = 0.1,
                         .beta1 = 0.5,
                         .beta2 = 0.75,
                         .epsilon = 0,
                         .weight_decay = 0.2,
                         .step = 2,
                         .gradient_scale = 2});
  // gradient 1; m = 0.05 + 0.5, v = 0.03 + 0.25; corrected by 3/4 and 7/16; the decay takes 2 %.
  EXPECT_DOUBLE_EQ(m[0], 0.55);
  EXPECT_DOUBLE_EQ(v[0], 0.28);
  EXPECT_DOUBLE_EQ(w[0], 2 * 0.98 - 0.1 * (0.55 / 0.75) / std::sqrt(0.28 / (7.0 / 16)));
}

TEST(Adamw, MomentsInBf16ChangeNothingButWhatIsKept) {
  const AdamWStep step{.learning_rate = 1e-2, .weight_decay = 0.1, .step = 3, .gradient_scale = 0.5};
  for (const bool stochastically : {false, true}) {
    Shard<float> wide = some_shard<float>(3000);
    Shard<BFloat16> narrow = some_shard<BFloat16>(3000);
    wide.step(step);
    narrow.step(step, stochastically ? stochastic(3) : MomentRounding{});
    EXPECT_EQ(narrow.w, wide.w) << "the update is float32";
    for (std::size_t i = 0; i < wide.m.size(); ++i) {
      for (const auto& [kept, exact] : {std::pair(narrow.m[i], wide.m[i]), {narrow.v[i], wide.v[i]}}) {
        if (!stochastically)
          EXPECT_EQ(kept.x, BFloat16(exact).x);
        else  // one of the neighbours
          EXPECT_LT(std::abs(static_cast<float>(kept) - exact), kUlp * std::abs(exact));
      }
    }
  }
}

TEST(StochasticRounding, HasTheRightMeanAndLeavesAloneWhatBf16Holds) {
  for (const float value : {1.0f + 0.3f / 128, -3.14159f, 1e-3f, -1e-39f, 65535.0f}) {
    double sum = 0;
    for (std::uint32_t random = 0; random < 65536; ++random)
      sum += static_cast<double>(static_cast<float>(round_stochastically(value, random)));
    EXPECT_EQ(sum / 65536, static_cast<double>(value));
  }
  for (const float held : {0.0f, -0.0f, 1.5f, -0.0078125f, INFINITY, -INFINITY})
    for (const std::uint32_t random : {0u, 1u, 65535u})
      EXPECT_EQ(round_stochastically(held, random).x, BFloat16(held).x) << held;
  EXPECT_TRUE(std::isnan(static_cast<float>(round_stochastically(std::nanf(""), 65535))));
}

TEST(StochasticRounding, DoesNotShowTheCutIntoShards) {
  const AdamWStep step{.learning_rate = 1e-2, .step = 4};
  Shard<BFloat16> whole = some_shard<BFloat16>(3001);
  whole.step(step, stochastic(4, 1001));
  for (const std::size_t cut : {1u, 2u, 1023u, 1024u, 3000u}) {
    Shard<BFloat16> parts = some_shard<BFloat16>(3001);
    const auto piece = [&](std::size_t first, std::size_t count) {
      adamw<float, BFloat16>(std::span(parts.w).subspan(first, count),
                             std::span<const float>(parts.g).subspan(first, count),
                             std::span(parts.m).subspan(first, count),
                             std::span(parts.v).subspan(first, count), step, stochastic(4, 1001 + first));
    };
    piece(cut, 3001 - cut), piece(0, cut);
    EXPECT_EQ(parts.w, whole.w);
    for (std::size_t i = 0; i < 3001; ++i)
      ASSERT_TRUE(parts.m[i].x == whole.m[i].x && parts.v[i].x == whole.v[i].x) << cut << " at " << i;
  }
}

TEST(StochasticRounding, DiffersByStepAndByMoment) {
  const auto after = [](std::uint32_t step) {
    Shard<BFloat16> s = some_shard<BFloat16>(2000);
    for (std::size_t i = 0; i < 2000; ++i) s.g[i] = 1, s.m[i] = s.v[i] = 1;  // both moments stay near 1
    s.step({.beta1 = 0.997, .beta2 = 0.997, .gradient_scale = 1.1}, stochastic(step));
    return s;
  };
  const auto up = [](const std::vector<BFloat16>& x) {
    std::vector<bool> above;
    for (const BFloat16 value : x) above.push_back(static_cast<float>(value) > 1);
    return above;
  };
  EXPECT_NE(up(after(1).m), up(after(2).m));
  EXPECT_NE(up(after(1).m), up(after(1).v));
}

// A thousand elements with one gradient: to nearest, the second moment stops where a step is below half a
// unit; stochastically its mean follows float32's.
TEST(StochasticRounding, SecondMomentsOverManySteps) {
  constexpr std::size_t kSize = 1000;
  constexpr int kSteps = 3000;
  const auto mean_after = [](auto shard, bool stochastically) {
    for (int step = 1; step <= kSteps; ++step)
      shard.step({.step = step},
                 stochastically ? stochastic(static_cast<std::uint32_t>(step)) : MomentRounding{});
    double sum = 0;
    for (const auto value : shard.v) sum += static_cast<double>(static_cast<float>(value));
    return sum / kSize;
  };
  const auto constant = [](auto zero) {
    using Moment = decltype(zero);
    return Shard<Moment>{std::vector<float>(kSize, 1), std::vector<float>(kSize, 0.7f),
                         std::vector<Moment>(kSize, zero), std::vector<Moment>(kSize, zero)};
  };
  const double exact = mean_after(constant(0.0f), false);
  EXPECT_NEAR(exact, 0.49 * (1 - std::pow(0.999, kSteps)), 1e-4);
  // A rounding's error has at most half a unit as its deviation; beta2 forgets it, so 1 / (1 - beta2^2) of
  // them add up. Five deviations of the mean over the elements.
  const double deviation = kUlp / 2 * exact * std::sqrt(1 / (1 - 0.999 * 0.999));
  EXPECT_NEAR(mean_after(constant(BFloat16(0.0f)), true), exact, 5 * deviation / std::sqrt(1.0 * kSize));
  EXPECT_LT(mean_after(constant(BFloat16(0.0f)), false), 0.6 * exact);
}

}  // namespace
}  // namespace lethe::ops
