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
const RankStatus kMine = status(
    "rank 0 (a, pid 1)", {.sequence = 7, .name = "all_gather", .bytes = 64, .label = "layer 2", .step = 3});

TEST(Verdict, NamesWhoDoesNotAnswerAndWhoHasNotCome) {
  const RankStatus silent{.who = "rank 1 (b, pid 2)"};
  const RankStatus late = status("rank 2 (b, pid 3)", {.sequence = 6, .name = "barrier", .finished = true});
  const std::string text = merged_verdict(2, kMine, {silent, late});
  EXPECT_THAT(text, StartsWith("error[peer.hung]: no progress for 2 s: rank 1 (b, pid 2) does not answer; "
                               "rank 2 (b, pid 3) has not come (its last: barrier #6); "
                               "rank 0 (a, pid 1) waits in all_gather #7 of layer 2, step 3, 64 B"));
}

TEST(Verdict, DoesNotBlameRanksThatAreInTheSameCollective) {
  RankStatus same = kMine;
  same.who = "rank 1 (b, pid 2)";
  EXPECT_THAT(merged_verdict(2, kMine, {same}), HasSubstr("every rank has come"));
}

TEST(Verdict, NamesAnotherCollectiveOrAnotherSize) {
  RankStatus other = kMine;
  other.who = "rank 1 (b, pid 2)";
  other.collective.name = "reduce_scatter";
  EXPECT_THAT(
      merged_verdict(2, kMine, {other}),
      HasSubstr("error[peer.mismatch]: no progress for 2 s: rank 1 (b, pid 2) is in reduce_scatter #7"));
  other.collective.name = "all_gather";
  other.collective.bytes = 128;
  EXPECT_THAT(merged_verdict(2, kMine, {other}), HasSubstr("peer.mismatch"));
}

}  // namespace
}  // namespace lethe::dist::tests
