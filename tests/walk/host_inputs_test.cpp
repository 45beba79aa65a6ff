// Inputs in host memory that is kept for the next ones: on a device that is not the CPU.
#include "framework/walk/host_inputs.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "framework/base/memory_counter.h"
#include "tests/support/fenced_device/fenced_device.h"
#include "tests/support/recorded_memory.h"

namespace lethe::walk {
namespace {

using lethe::testing::fenced_device;
using lethe::testing::recorded_memory;

constexpr int kLayers = 4, kWidth = 24;
constexpr std::size_t kRow = kWidth * sizeof(float);

class HostInputsOfADevice : public ::testing::Test {
 protected:
  HostInputsOfADevice() {
    sharding::compute_on(fenced_device());
    recorded_memory().asked.clear();
  }
  // As a step does: all inputs out, then back in reverse.
  void step(HostInputs& inputs, int tokens) {
    std::vector<at::Tensor> values;
    std::vector<HostInputs::Ticket> tickets;
    for (int layer = 0; layer < kLayers; ++layer) {
      values.push_back(at::arange(tokens * kWidth, at::kFloat).view({tokens, kWidth}) + layer);
      tickets.push_back(inputs.put(values.back().to(fenced_device())));
    }
    for (int layer = kLayers - 1; layer >= 0; --layer)
      EXPECT_TRUE(at::equal(inputs.take(tickets[layer]).cpu(), values[layer])) << "layer " << layer;
  }
  std::size_t allocations() const { return recorded_memory().asked.size(); }
  sharding::Placement placement_{.device = fenced_device(), .host_memory = &lethe::testing::record_memory};
};

TEST_F(HostInputsOfADevice, TakeTheirOwnBytesAndServeLaterSteps) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  {
    const base::MemoryScope memory(counters, base::Memory::activations);
    HostInputs inputs(placement_);
    for (const int tokens : {100, 100, 60}) step(inputs, tokens);
    EXPECT_EQ(recorded_memory().asked, std::vector<std::size_t>(kLayers, 100 * kRow));
    step(inputs, 130);
    EXPECT_EQ(allocations(), 2u * kLayers);
    EXPECT_EQ(recorded_memory().held, kLayers * 130 * kRow);
    EXPECT_EQ(counters->now(base::Memory::offloaded), static_cast<std::int64_t>(recorded_memory().held));
    for (const int tokens : {90, 130}) step(inputs, tokens);
    EXPECT_EQ(allocations(), 2u * kLayers);
  }
  EXPECT_EQ(recorded_memory().held, 0u);
  EXPECT_EQ(counters->now(base::Memory::offloaded), 0);
}

TEST_F(HostInputsOfADevice, ThatNobodyTakesBackAreFree) {
  HostInputs inputs(placement_);
  for (int round = 0; round < 3; ++round) {
    const auto first = inputs.put(at::ones({10, kWidth}, placement_.device)),
               second = inputs.put(at::zeros({10, kWidth}, placement_.device));
    EXPECT_TRUE(at::equal(first.host, at::ones({10, kWidth})));
    EXPECT_TRUE(at::equal(second.host, at::zeros({10, kWidth})));
  }
  EXPECT_EQ(allocations(), 2u);
}

}  // namespace
}  // namespace lethe::walk
