// Which rank is called a straggler, and what counts as waiting.
#include "framework/run/stragglers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "framework/dist/simulated_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::run {
namespace {

// gradient, update, waits for weights and for gradients, in seconds
TEST(Straggler, IsTheRankWhoseWorkTakesLongestNotTheOneThatWaits) {
  const auto found = find_straggler({{10, 1, 4, 2}, {15, 1, 0, 0}, {10, 1, 4, 2}});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->rank, 1u);
  EXPECT_EQ(found->phase, Phase::gradient);
  EXPECT_EQ(found->median, 10);
  EXPECT_EQ(find_straggler({{10, 1, 4, 2}, {10, 1, 9, 9}}), std::nullopt) << "waiting is no work";
}

TEST(Straggler, IsFoundInThePhaseWhereMostTimeIsLost) {
  const auto found = find_straggler({{10, 1, 0, 0}, {12.5, 1, 0, 0}, {10, 6, 0, 0}});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->rank, 2u);
  EXPECT_EQ(name_of(found->phase), "update");
}

TEST(Straggler, IsNobodyWhereRanksDifferLittleOrInWhatCostsLittle) {
  EXPECT_EQ(find_straggler({{10, 1, 0, 0}, {11, 1, 0, 0}}), std::nullopt);
  EXPECT_EQ(find_straggler({{10, 0.1, 0, 0}, {10, 0.5, 0, 0}}), std::nullopt);
  EXPECT_EQ(find_straggler({{10, 1, 0, 0}}), std::nullopt);
  EXPECT_EQ(find_straggler({{0.1, 0, 0, 0}, {0.2, 0, 0, 0}}), std::nullopt) << "too short to tell";
}

// Rank 1 comes late to each gather; rank 0's waiting is for that.
TEST(WaitClock, CountsTheTimeThatARankWaitsForALateOne) {
  constexpr auto kLate = std::chrono::milliseconds(60);
  const auto model = lethe::testing::tiny_model();
  for (const bool prefetch : {false, true}) {
    dist::run_simulated(2, [&](dist::ProcessGroup& world) {
      lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(3, 0, 2), {.prefetch = prefetch});
      (void)base::take_waits();
      if (world.rank() == 1) std::this_thread::sleep_for(kLate);
      { const auto held = engine.weights.acquire(0, nullptr); }
      const base::WaitSeconds waits = base::take_waits();
      if (world.rank() == 0) {
        EXPECT_GE(waits[0], 0.05);
      }
      EXPECT_EQ(waits[1], 0);
      EXPECT_EQ(base::take_waits()[0], 0) << "taken is taken";
    });
  }
}

}  // namespace
}  // namespace lethe::run
