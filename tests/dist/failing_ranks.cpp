// Tests that fail on rank 1 only. Disabled: job_end_test runs them and looks at how they end.
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/ranks.h"

namespace {

bool on_rank_1() { return lethe::testing::world().info().rank == 1; }

TEST(OneRank, DISABLED_ExpectFails) {
  EXPECT_FALSE(on_rank_1()) << "of rank 1 only";
  lethe::testing::world().group().barrier();
}

TEST(OneRank, DISABLED_AssertFails) {
  ASSERT_FALSE(on_rank_1()) << "of rank 1 only";
  lethe::testing::world().group().barrier();
}

TEST(OneRank, DISABLED_Throws) {
  if (on_rank_1()) throw std::runtime_error("of rank 1 only");
  lethe::testing::world().group().barrier();
}

}  // namespace
