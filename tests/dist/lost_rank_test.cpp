// Whatever happens to a rank, the others say which one and in which collective, and end within the deadline
// (2 s) and 5 s: over mpi and over NCCL's stand-in. LETHE_FAULT_RUNS=N repeats each fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace lethe::dist::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

struct Ended {
  std::string output;
  int exit_code = -1;
  double seconds = 0;
};

Ended run_job(const std::string& backend, const std::string& how) {
  const std::string command = std::string(LETHE_RANKED_LAUNCH_LINE) + " -n 3 " + LETHE_LOST_RANK_JOB + " " +
                              backend + " " + how + " 2>&1";
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

int segments_left() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm"))
    count += entry.path().filename().string().starts_with("lethe_nccl_");
  return count;
}

struct Fault {
  const char* backend;
  const char* how;
  const char* says;  // regular expression of a line
  int exit_code;
};

const Fault kFaults[] = {
    {"mpi", "hang",
     "rank 1 \\(.*pid [0-9]+\\) has not come .*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"mpi", "stop",
     "rank 1 \\(.*pid [0-9]+\\) does not answer.*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"nccl", "hang",
     "rank 1 \\(.*pid [0-9]+\\) has not come .*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"nccl", "stop",
     "rank 1 \\(.*pid [0-9]+\\) does not answer.*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"nccl", "mismatch", "(peer.mismatch.*reduce_scatter #[0-9]+ of layer 12, step 5.*)", 76},
    {"nccl", "error", "rank 1 \\(.*\\): barrier #[0-9]+ failed \\(NCCL: remote process exited", 76},
    {"nccl", "version", "error.dist.version.: rank 1 NCCL 2.27.3, others 2.[0-9.]+", 69},
    {"nccl", "absent", "rank 1 \\(.*\\) has not come", 76},
};

class LostRank : public ::testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Faults, LostRank, ::testing::ValuesIn(kFaults), [](const auto& info) {
  return std::string(info.param.how) + "_over_" + info.param.backend;
});

TEST_P(LostRank, IsNamedWithItsCollectiveInTime) {
  const char* const runs = std::getenv("LETHE_FAULT_RUNS");
  for (int run = 0; run < (runs ? std::atoi(runs) : 1); ++run) {
    const Ended ended = run_job(GetParam().backend, GetParam().how);
    EXPECT_THAT(ended.output, ::testing::ContainsRegex(GetParam().says));
    EXPECT_EQ(ended.exit_code, GetParam().exit_code) << ended.output;
    EXPECT_LT(ended.seconds, 2 + 5 + 2) << "2 s of them for mpirun itself";
    EXPECT_EQ(segments_left(), 0);
  }
}

TEST(LostRank, NobodyIsBlamedWhenAllGoesWell) {
  for (const char* backend : {"mpi", "nccl"}) {
    const Ended ended = run_job(backend, "clean");
    EXPECT_EQ(ended.exit_code, 0) << ended.output;
    EXPECT_EQ(ended.output, "");
  }
}

}  // namespace
}  // namespace lethe::dist::tests
