// One rank's end is the end of all: within seconds, with its message and its exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/command.h"

namespace lethe::dist::tests {
namespace {

using ::testing::HasSubstr;

struct Ended : lethe::testing::CommandResult {
  double seconds = 0;
};

Ended run_three_ranks(const std::string& program) {
  const auto start = std::chrono::steady_clock::now();
  Ended ended{lethe::testing::run_command(std::string(LETHE_LAUNCHER) + " -n 3 " + program)};
  ended.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return ended;
}

Ended run_job(const std::string& how) { return run_three_ranks(std::string(LETHE_ENDING_JOB) + " " + how); }

TEST(JobEnd, ACleanJobReturnsZero) {
  const Ended ended = run_job("clean");
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
}

TEST(JobEnd, AnExceptionOnOneRankEndsAll) {
  const Ended ended = run_job("throw");
  EXPECT_THAT(ended.output, HasSubstr("error[num.nonfinite]: rank 1 met a NaN"));
  EXPECT_EQ(ended.exit_code, 80) << ended.output;
  EXPECT_LT(ended.seconds, 10);
}

TEST(JobEnd, ARankThatHangsIsNoticedAtTheDeadline) {
  const Ended ended = run_job("hang");
  EXPECT_THAT(ended.output, HasSubstr("error[peer.hung]: no progress for 1 s: rank "));
  EXPECT_THAT(ended.output, HasSubstr("in all_reduce #"));
  EXPECT_THAT(ended.output, HasSubstr("of layer 12, step 9"));
  EXPECT_EQ(ended.exit_code, 76) << ended.output;
  EXPECT_LT(ended.seconds, 10);
}

TEST(JobEnd, ARankThatLeavesEndsAll) {
  const Ended ended = run_job("leave");
  EXPECT_NE(ended.exit_code, 0) << ended.output;
  EXPECT_LT(ended.seconds, 10);
}

// What ranks_main promises about tests that fail on one rank only.
Ended run_ranked_test(const std::string& name) {
  return run_three_ranks(std::string(LETHE_FAILING_RANKS) +
                         " --gtest_also_run_disabled_tests --gtest_filter=*" + name);
}

TEST(RanksMain, AFailureOnOneRankFailsTheProgramAndNamesTheRank) {
  const Ended ended = run_ranked_test("ExpectFails");
  EXPECT_EQ(ended.exit_code, 1) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("[rank 1] OneRank.DISABLED_ExpectFails"));
  EXPECT_THAT(ended.output, HasSubstr("of rank 1 only"));
}

TEST(RanksMain, AFatalFailureOrAnExceptionLeavesNoRankWaiting) {
  for (const char* name : {"AssertFails", "Throws"}) {
    const Ended ended = run_ranked_test(name);
    EXPECT_EQ(ended.exit_code, 1) << ended.output;
    EXPECT_THAT(ended.output, HasSubstr("of rank 1 only"));
    EXPECT_LT(ended.seconds, 10);
  }
}

}  // namespace
}  // namespace lethe::dist::tests
