// The laws over the processes that mpirun started.
#include <gtest/gtest.h>

#include "tests/dist/conformance.h"
#include "tests/support/ranks.h"

namespace lethe::dist::tests {
namespace {

class MpiGroupLaws : public ::testing::TestWithParam<Law> {};

TEST_P(MpiGroupLaws, Hold) { GetParam().check(lethe::testing::world().group()); }

INSTANTIATE_TEST_SUITE_P(All, MpiGroupLaws, ::testing::ValuesIn(laws().begin(), laws().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(World, CountsTheRanksOfThisHost) {
  const RankInfo& info = lethe::testing::world().info();
  EXPECT_EQ(lethe::testing::world().group().backend(), "mpi");
  EXPECT_EQ(info.rank, lethe::testing::world().group().rank());
  EXPECT_EQ(info.local_rank, info.rank);  // the tests run on one machine
  EXPECT_EQ(info.local_size, info.size);
  EXPECT_FALSE(info.host.empty());
}

}  // namespace
}  // namespace lethe::dist::tests
