// One rank's end is the end of all: within seconds, with its message and its exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace lethe::dist::tests {
namespace {

using ::testing::HasSubstr;

struct Ended {
  std::string output;
  int exit_code = -1;
  double seconds = 0;
};

Ended run_three_ranks(const std::string& program) {
  const std::string command = std::string(LETHE_RANKED_LAUNCH_LINE) + " -n 3 " + program + " 2>&1";
  const auto start = std::chrono::steady_clock::now();
  FILE* pipe = popen(command.c_str(), "r");
  Ended ended;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) ended.output.append(buffer, n);
  const int status = pclose(pipe);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
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
