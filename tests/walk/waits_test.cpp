// The table of waits in docs/overlap.md: each wait that is left out gives a wrong gradient; none left
// out, a right one.
#include <gtest/gtest.h>

#include <atomic>

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

// What finish() left in this rank's parts, seen at once, as an optimizer would: then every wait is made up
// for, and the ranks put their parts together.
at::Tensor gradient_without(Forget what, std::uint64_t seed, const models::DecoderModel& model,
                            dist::ProcessGroup& world) {
  lethe::testing::start_forgetting(what, seed);
  lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(3, 0, kRanks),
                                    {.poison_released = true, .prefetch = true});
  at::Tensor whole = at::zeros({static_cast<std::int64_t>(model.index.size())}, at::kDouble);
  (void)run_engine(engine, model, world);
  engine.gradients.finish();
  for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s) {
    const auto part = engine.gradients.layout().part(s, engine.grid.shard_rank());
    const auto valid = static_cast<std::int64_t>(part.valid);
    whole.narrow(0, static_cast<std::int64_t>(part.first), valid)
        .copy_(engine.gradients.part(s).narrow(0, 0, valid));
  }
  lethe::testing::stop_forgetting();
  engine.gradients.zero();
  world.all_reduce({whole.mutable_data_ptr(), static_cast<std::size_t>(whole.numel()), dist::DType::f64});
  return whole;
}

// Of kRuns, how many gave another gradient.
int wrong_runs(Forget what) {
  const auto model = lethe::testing::tiny_model();
  const at::Tensor expected = expected_gradient(model);
  int wrong = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::atomic<bool> right = true;
    dist::run_simulated(kRanks, [&](dist::ProcessGroup& world) {
      const at::Tensor gradient = gradient_without(what, 100 * run + world.rank(), model, world);
      if (!(lethe::testing::largest_tensor_difference(model.index, gradient, expected) <= 1e-6))
        right = false;
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
