#include "framework/dist/topology.h"

#include <gtest/gtest.h>

namespace lethe::dist::tests {
namespace {

TEST(EvenSlice, CoversEverythingOnceInRankOrder) {
  for (int size = 1; size <= 9; ++size) {
    for (std::size_t count = 0; count <= 40; ++count) {
      std::size_t next = 0;
      for (int rank = 0; rank < size; ++rank) {
        const Slice slice = even_slice(count, rank, size);
        EXPECT_EQ(slice.first, next);
        next = slice.end();
      }
      EXPECT_EQ(next, count);
    }
  }
}

TEST(EvenSlice, SizesDifferByAtMostOne) {
  EXPECT_EQ(even_slice(10, 0, 4), (Slice{0, 3}));
  EXPECT_EQ(even_slice(10, 1, 4), (Slice{3, 3}));
  EXPECT_EQ(even_slice(10, 2, 4), (Slice{6, 2}));
  EXPECT_EQ(even_slice(10, 3, 4), (Slice{8, 2}));
}

TEST(EvenSlice, LeavesLateRanksEmptyWhenThereIsTooLittle) {
  EXPECT_EQ(even_slice(2, 1, 3), (Slice{1, 1}));
  EXPECT_EQ(even_slice(2, 2, 3), (Slice{2, 0}));
}

}  // namespace
}  // namespace lethe::dist::tests
