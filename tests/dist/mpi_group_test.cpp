// The laws over the processes that mpirun started.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "framework/dist/mpi_group.h"
#include "tests/dist/conformance.h"
#include "tests/support/ranks.h"

namespace lethe::dist::tests {
namespace {

class MpiGroupLaws : public ::testing::TestWithParam<Law> {};

TEST_P(MpiGroupLaws, Hold) { GetParam().check(lethe::testing::world().group()); }

INSTANTIATE_TEST_SUITE_P(All, MpiGroupLaws, ::testing::ValuesIn(laws().begin(), laws().end()),
                         [](const auto& info) { return std::string(info.param.name); });

// The ways of counts above 2^31 and of large reductions, at sizes that a test can afford.
class MpiGroupInPieces : public ::testing::TestWithParam<Law> {};

TEST_P(MpiGroupInPieces, Hold) {
  if (GetParam().name == "LargeCountsArriveWhole") GTEST_SKIP() << "too many pieces: covered by MpiGroupLaws";
  const auto quiet = std::make_shared<Watchdog>("this rank", 100, [](const Error&) {});
  const auto group = make_mpi_world_group(
      quiet, {.longest_message = 5000, .scratch = 4096, .shortest_piece = 104, .small_all_reduce = 40});
  GetParam().check(*group);
}

INSTANTIATE_TEST_SUITE_P(All, MpiGroupInPieces, ::testing::ValuesIn(laws().begin(), laws().end()),
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
