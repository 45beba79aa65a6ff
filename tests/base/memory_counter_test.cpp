#include "framework/base/memory_counter.h"

#include <gtest/gtest.h>

#include <new>
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

TEST(MemoryScope, RemembersWhatWasAllocatedForWhenAnExceptionLeftIt) {
  const auto counters = std::make_shared<MemoryCounters>();
  counters->add(Memory::weights, 70);
  const auto fail_in = [&](Memory category) {
    const MemoryScope outer(counters, Memory::activations);
    const MemoryScope inner(category);
    throw std::bad_alloc();
  };
  for (const Memory category : {Memory::gathered, Memory::moments}) {
    EXPECT_THROW(fail_in(category), std::bad_alloc);
    EXPECT_EQ(MemoryScope::last_failure().category, category);
    EXPECT_EQ(MemoryScope::last_failure().held[static_cast<std::size_t>(Memory::weights)], 70);
  }
}

}  // namespace
}  // namespace lethe::base
