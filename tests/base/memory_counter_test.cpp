#include "framework/base/memory_counter.h"

#include <gtest/gtest.h>

#include <thread>

namespace lethe::base {
namespace {

TEST(MemoryCounters, KeepTheMostOfEachCategoryAndOfAllAtOnce) {
  MemoryCounters counters;
  counters.add(Memory::weights, 100);
  counters.add(Memory::gradients, 50);
  counters.add(Memory::gradients, -50);
  counters.add(Memory::activations, 30);
  EXPECT_EQ(counters.now(Memory::gradients), 0);
  EXPECT_EQ(counters.peak(Memory::gradients), 50);
  EXPECT_EQ(counters.peak(Memory::activations), 30);
  EXPECT_EQ(counters.peak_of_all(), 150);
}

TEST(MemoryScope, NestsAndBelongsToItsThread) {
  const auto counters = std::make_shared<MemoryCounters>();
  {
    const MemoryScope outer(counters, Memory::activations);
    {
      const MemoryScope inner(Memory::gathered);
      EXPECT_EQ(MemoryScope::category(), Memory::gathered);
      EXPECT_EQ(MemoryScope::counters(), counters);
      std::jthread([] { EXPECT_EQ(MemoryScope::counters(), nullptr); });
    }
    EXPECT_EQ(MemoryScope::category(), Memory::activations);
  }
  EXPECT_EQ(MemoryScope::counters(), nullptr);
}

}  // namespace
}  // namespace lethe::base
