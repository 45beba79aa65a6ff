// The engine over NCCL's stand-in, with random delays on every stream: the bits that it gives over mpi.
// LETHE_NCCL_SEEDS (20) is how many delays are tried.
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/dist/nccl_group.h"
#include "tests/support/fake_cuda/fake_cuda.h"
#include "tests/support/ranks.h"
#include "tests/walk/engine_gradient.h"

namespace lethe::walk::tests {
namespace {

std::uint64_t seeds() {
  const char* const text = std::getenv("LETHE_NCCL_SEEDS");
  return text ? std::strtoull(text, nullptr, 10) : 20;
}

std::unique_ptr<dist::ProcessGroup> start_nccl() {
  return dist::make_nccl_world_group(
      {.control = lethe::testing::world().group(),
       .watchdog = std::make_shared<dist::Watchdog>("this rank", 100, [](const Error&) {}),
       .on_failure = [](const Error& error) { ADD_FAILURE() << error.what(); }});
}

void expect_same_bits(sharding::GridShape shape) {
  const auto model = lethe::testing::tiny_model();
  const sharding::StoreOptions options{.poison_released = true, .prefetch = true};
  const EngineStep expected = engine_step(model, lethe::testing::world().group(), shape, options);
  const auto nccl = start_nccl();
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    fake_cuda::set_delays(seed, 200);
    const EngineStep actual = engine_step(model, *nccl, shape, options);
    EXPECT_TRUE(at::equal(actual.gradient, expected.gradient)) << "seed " << seed;
    EXPECT_EQ(actual.loss, expected.loss) << "seed " << seed;
  }
}

class NcclWalk : public ::testing::TestWithParam<int> {};
TEST_P(NcclWalk, GivesTheLossAndGradientOfMpiBitForBit) {
  expect_same_bits(sharding::grid_shape(GetParam(), 0, lethe::testing::world().info().size));
}
INSTANTIATE_TEST_SUITE_P(Zero, NcclWalk, ::testing::Values(0, 1, 2, 3));

TEST(NcclWalk, HybridShardingGivesTheLossAndGradientOfMpiBitForBit) {
  if (lethe::testing::world().info().size != 4) GTEST_SKIP() << "2 x 2 needs 4 ranks";
  expect_same_bits(sharding::grid_shape(3, 2, 4));
}

// Whole steps: all that travels does so in memory that NCCL gave, which nothing gives anew in later steps.
void expect_registered_once(int zero, std::optional<at::ScalarType> reduction,
                            std::optional<at::ScalarType> wire) {
  const auto model = lethe::testing::tiny_model();
  const auto shape = sharding::grid_shape(zero, 0, lethe::testing::world().info().size);
  {
    const auto nccl = start_nccl();
    const fake_cuda::MemoryCounts start = fake_cuda::memory_counts();
    lethe::testing::TinyEngine engine(model, *nccl, shape,
                                      {.compute = at::kFloat, .wire = wire, .prefetch = true}, reduction);
    int registrations = 0;
    for (int step = 0; step < 3; ++step) {
      (void)run_engine(engine, model, *nccl);
      engine.gradients.finish();
      engine.weights.weights_changed();
      const fake_cuda::MemoryCounts now = fake_cuda::memory_counts();
      if (step == 0) registrations = now.registrations;
      EXPECT_EQ(now.registrations, registrations) << "step " << step;
      EXPECT_EQ(now.unregistered_uses, start.unregistered_uses) << "step " << step;
    }
    EXPECT_GT(registrations, start.registrations);
    EXPECT_EQ(registrations - start.registrations, fake_cuda::memory_counts().registered);
  }
  EXPECT_EQ(fake_cuda::memory_counts().blocks, 0);
}

TEST(NcclWalk, WhatTravelsIsRegisteredOnce) {
  if (lethe::testing::world().info().size == 1) GTEST_SKIP() << "nothing travels";
  fake_cuda::set_delays(1, 50);
  for (const int zero : {1, 2, 3})
    for (const bool narrow : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "ZeRO " << zero << (narrow ? ", bfloat16 on the way" : ""));
      const std::optional<at::ScalarType> dtype =
          narrow ? std::optional(at::kBFloat16) : std::optional<at::ScalarType>();
      expect_registered_once(zero, dtype, dtype);
    }
}

}  // namespace
}  // namespace lethe::walk::tests
