#include "framework/dist/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lethe::dist::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

RankStatus status(const char* who, Collective collective) {
  return {.who = who, .answers = true, .collective = std::move(collective)};
}
const RankStatus kMine =
    status("rank 0 (a, pid 1)",
           {.sequence = 7, .name = "all_gather", .bytes = 64, .label = "layer 2", .step = 3, .group = 1});

std::string verdict_with(const std::vector<RankStatus>& others) {
  return merged_verdict(2, kMine, others).what();
}

TEST(Verdict, NamesWhoDoesNotAnswerAndWhoHasNotCome) {
  const RankStatus silent{.who = "rank 1 (b, pid 2)"};
  const RankStatus late = status("rank 2 (b, pid 3)", {.sequence = 6, .name = "barrier", .finished = true});
  const std::string text = merged_verdict(2, kMine, {silent, late}).what();
  EXPECT_THAT(text, StartsWith("error[peer.hung]: no progress for 2 s: rank 1 (b, pid 2) does not answer; "
                               "rank 2 (b, pid 3) has not come (its last: barrier #6); "
                               "rank 0 (a, pid 1) waits in all_gather #7 of layer 2, step 3, 64 B"));
}

TEST(Verdict, DoesNotBlameRanksThatAreInTheSameCollective) {
  RankStatus same = kMine;
  same.who = "rank 1 (b, pid 2)";
  EXPECT_THAT(verdict_with({same}), HasSubstr("every rank has come"));
}

// Gathers and reductions have groups and threads of their own: their numbers do not compare.
TEST(Verdict, BlamesASilentRankAndNobodyWhoWaitsForIt) {
  const RankStatus silent{.who = "rank 1 (b, pid 2)"};
  const RankStatus reduces =
      status("rank 2 (b, pid 3)", {.sequence = 7, .name = "reduce_scatter", .bytes = 8, .group = 2});
  const RankStatus behind = status("rank 3 (b, pid 4)", {.sequence = 6, .name = "all_gather", .group = 1});
  RankStatus elsewhere = kMine;
  elsewhere.collective.name = "barrier";
  const std::string text = verdict_with({silent, reduces, behind, elsewhere});
  EXPECT_THAT(text,
              HasSubstr("error[peer.hung]: no progress for 2 s: rank 1 (b, pid 2) does not answer; rank 0"));
}

TEST(Verdict, WhereNobodyIsMissingSaysWhereTheOthersAre) {
  const RankStatus reduces =
      status("rank 2 (b, pid 3)", {.sequence = 7, .name = "reduce_scatter", .bytes = 8, .group = 2});
  const RankStatus behind = status("rank 3 (b, pid 4)", {.sequence = 6, .name = "all_gather", .group = 1});
  EXPECT_THAT(verdict_with({reduces}),
              HasSubstr("peer.hung]: no progress for 2 s: rank 2 (b, pid 3) is in reduce"));
  EXPECT_THAT(verdict_with({reduces, behind}),
              HasSubstr("for 2 s: rank 3 (b, pid 4) is still in all_gather #6; rank 0"));
}

TEST(Verdict, NamesAnotherCollectiveOrAnotherSize) {
  RankStatus other = kMine;
  other.who = "rank 1 (b, pid 2)";
  other.collective.name = "reduce_scatter";
  EXPECT_THAT(
      verdict_with({other}),
      HasSubstr("error[peer.mismatch]: no progress for 2 s: rank 1 (b, pid 2) is in reduce_scatter #7"));
  other.collective.name = "all_gather";
  other.collective.bytes = 128;
  EXPECT_THAT(verdict_with({other}), HasSubstr("peer.mismatch"));
}

}  // namespace
}  // namespace lethe::dist::tests
