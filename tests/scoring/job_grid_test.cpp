#include "framework/scoring/job_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "framework/dist/simulated_group.h"

namespace lethe::scoring {
namespace {

using ::testing::Le;
using ::testing::SizeIs;

TEST(JobGrid, EveryJobIsDoneOnceAndRanksHaveAlmostTheSame) {
  constexpr std::size_t kDraws = 5, kPacks = 3;
  for (const int size : {1, 2, 3, 4, 8, 20}) {
    for (const bool together : {false, true}) {
      std::mutex mutex;
      std::map<std::pair<std::size_t, std::size_t>, int> done;
      std::set<std::size_t> rounds, shares;
      dist::run_simulated(size, [&](dist::ProcessGroup& world) {
        const auto mine = rounds_of_jobs(kDraws, kPacks, world, 2, together);
        const std::lock_guard lock(mutex);
        std::size_t share = 0;
        for (const auto& round : mine) {
          EXPECT_THAT(round, SizeIs(Le(2)));
          share += round.size();
          for (const Job& job : round) ++done[{job.draw, job.pack}];
        }
        shares.insert(share);
        rounds.insert(mine.size());
      });
      EXPECT_EQ(done.size(), kDraws * kPacks) << size;
      for (const auto& [job, times] : done) EXPECT_EQ(times, 1);
      EXPECT_LE(*shares.rbegin() - *shares.begin(), 1) << size;
      EXPECT_LE(rounds.size(), together ? 1 : 2) << size << " ranks join as many collectives each";
    }
  }
}

// Two ranks: the first has the first draws.
TEST(JobGrid, DrawsGoFirst) {
  dist::run_simulated(2, [](dist::ProcessGroup& world) {
    for (const auto& round : rounds_of_jobs(4, 3, world, 8, false)) {
      for (const Job& job : round) EXPECT_EQ(job.draw / 2, static_cast<std::size_t>(world.rank()));
    }
  });
}

TEST(JobGrid, FewDrawsKeepRanksBusyWherePacksDo) {
  EXPECT_EQ(draws_that_keep_busy(1, 3), 1);
  EXPECT_EQ(draws_that_keep_busy(2, 3), 2);  // three packs on two ranks: one would wait
  EXPECT_EQ(draws_that_keep_busy(2, 40), 1);
  EXPECT_EQ(draws_that_keep_busy(8, 4), 2);
  EXPECT_EQ(draws_that_keep_busy(64, 1), 58);  // nine tenths of the ranks
  EXPECT_EQ(draws_that_keep_busy(64, 40), 3);
}

}  // namespace
}  // namespace lethe::scoring
