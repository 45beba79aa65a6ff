// The table of waits in docs/architecture.md: each wait that is left out gives a wrong gradient; none left
// out, a right one.
#include <gtest/gtest.h>

#include <atomic>
#include <exception>

#include "framework/dist/simulated_group.h"
#include "tests/support/forgetful_stream.h"
#include "tests/walk/engine_gradient.h"

namespace lethe::walk::tests {
namespace {

using lethe::testing::Forget;

constexpr int kRanks = 2, kRuns = 10;

at::Tensor expected_gradient(const models::DecoderModel& model) {
  lethe::testing::start_forgetting(Forget::nothing, 1);
  const auto alone = dist::make_single_group();
  return engine_gradient(model, *alone, {}, {.prefetch = false});
}

// Of kRuns, how many gave another gradient or failed.
int wrong_runs(Forget what) {
  const auto model = lethe::testing::tiny_model();
  const at::Tensor expected = expected_gradient(model);
  int wrong = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::atomic<bool> right = true;
    dist::run_simulated(kRanks, [&](dist::ProcessGroup& world) {
      lethe::testing::start_forgetting(what, 100 * run + world.rank());
      try {
        const at::Tensor gradient =
            engine_gradient(model, world, sharding::grid_shape(3, 0, kRanks),
                            {.poison_released = true, .prefetch = true}, lethe::testing::stop_forgetting);
        if (!(lethe::testing::largest_tensor_difference(model.index, gradient, expected) <= 1e-6))
          right = false;
      } catch (const std::exception&) {
        lethe::testing::stop_forgetting();
        right = false;
      }
    });
    wrong += !right;
  }
  return wrong;
}

TEST(Waits, NoneLeftOutTheGradientIsRight) { EXPECT_EQ(wrong_runs(Forget::nothing), 0); }
TEST(Waits, ComputeWaitsForItsGather) { EXPECT_GE(wrong_runs(Forget::first_stream), 9); }
TEST(Waits, BackwardWaitsForItsGradientBuffer) { EXPECT_GE(wrong_runs(Forget::second_stream_earlier), 9); }
TEST(Waits, TheUpdateWaitsForTheLastReduction) { EXPECT_GE(wrong_runs(Forget::second_stream_latest), 9); }

}  // namespace
}  // namespace lethe::walk::tests
