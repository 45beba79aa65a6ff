// What a rank holds of a device that is not the CPU, where its groups give the memory of what travels.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/memory_counter.h"
#include "framework/dist/group_memory.h"
#include "framework/dist/simulated_group.h"
#include "framework/sharding/device_stream.h"
#include "framework/sharding/wire_buffer.h"
#include "tests/support/fenced_device/fenced_device.h"
#include "tests/support/tiny_model.h"

namespace lethe::sharding {
namespace {

using base::Memory;
using lethe::testing::fenced_device;

// As a walk: every block is gathered, one ahead, and its gradients are summed.
void run_blocks(lethe::testing::TinyEngine& engine) {
  const int segments = static_cast<int>(engine.weights.index().segments().size());
  for (int s = 0; s < segments; ++s) {
    const auto held = engine.weights.acquire(s);
    if (s + 1 < segments) engine.weights.prefetch(s + 1);
    engine.gradients.open(s);
    engine.gradients.view(engine.weights.index().segments()[static_cast<std::size_t>(s)].first_parameter)
        .add_(1);
    engine.gradients.close();
  }
  engine.gradients.finish();
}

std::int64_t bytes_of(const GradientStore& gradients) { return static_cast<std::int64_t>(gradients.bytes()); }

class DeviceMemory : public ::testing::TestWithParam<bool> {};  // bf16 on the way
INSTANTIATE_TEST_SUITE_P(Narrow, DeviceMemory, ::testing::Bool());

TEST_P(DeviceMemory, WhatGroupsGiveStaysInItsCategory) {
  const auto model = lethe::testing::tiny_model();
  std::optional<at::ScalarType> narrow;
  if (GetParam()) narrow = at::kBFloat16;
  for (const int zero : {1, 3})
    dist::run_simulated(2, [&](dist::ProcessGroup& world) {
      const auto counters = std::make_shared<base::MemoryCounters>();
      const base::MemoryScope memory(counters, Memory::other);
      const auto plane = lethe::testing::make_fenced_group(world);
      compute_on(fenced_device());
      {
        lethe::testing::TinyEngine engine(model, world, grid_shape(zero, 0, 2),
                                          {.wire = narrow, .prefetch = true}, narrow,
                                          {.device = fenced_device(), .data_plane = plane.get()});
        for (int step = 0; step < 2; ++step) {
          engine.gradients.zero();
          run_blocks(engine);
        }
        EXPECT_EQ(counters->now(Memory::gradients), bytes_of(engine.gradients)) << "ZeRO " << zero;
        EXPECT_EQ(counters->now(Memory::gathered),
                  static_cast<std::int64_t>(engine.weights.peak_gathered_bytes()));
        EXPECT_GT(dist::group_memory().now, 0u);
        world.barrier();
      }
      EXPECT_EQ(counters->now(Memory::gradients) + counters->now(Memory::gathered), 0);
    });
  EXPECT_EQ(dist::group_memory().now, 0u);
}

// A group whose memory is used up.
class FullGroup final : public dist::ProcessGroup {
 public:
  std::string_view backend() const noexcept override { return "full"; }
  int rank() const noexcept override { return 0; }
  int size() const noexcept override { return 2; }
  void all_gather(dist::ConstSpan, dist::Span) override {}
  void reduce_scatter(dist::ConstSpan, dist::Span) override {}
  void all_to_all(dist::ConstSpan, dist::Span) override {}
  void all_reduce(dist::Span, dist::Reduce) override {}
  void broadcast(dist::Span, int) override {}
  void barrier() override {}
  std::unique_ptr<dist::ProcessGroup> split(int, int) override { return nullptr; }
  bool gives_memory() const noexcept override { return true; }
};

TEST(WireBuffer, SaysThatMemoryIsOut) {
  FullGroup full;
  try {
    (void)wire_buffer(full, 1024, at::TensorOptions(at::kFloat).device(fenced_device()));
    FAIL() << "no room, and no error";
  } catch (const c10::OutOfMemoryError& error) {
    EXPECT_NE(std::string(error.what()).find("out of memory: no 4.0 KiB for collectives"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace lethe::sharding
