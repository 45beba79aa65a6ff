// Whatever happens to a rank, the others say which one and in which collective, and all have ended within the
// deadline and 5 s, with nothing left behind: over mpi and over NCCL's stand-in. LETHE_FAULT_RUNS (10) is how
// often each fault is tried, LETHE_FAULT_DEADLINE (2) the deadline in seconds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/command.h"

namespace lethe::dist::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

int number_of(const char* variable, int otherwise) {
  const char* const text = std::getenv(variable);
  return text ? std::atoi(text) : otherwise;
}
int runs() { return number_of("LETHE_FAULT_RUNS", 10); }
int deadline() { return number_of("LETHE_FAULT_DEADLINE", 2); }
constexpr int kAtOnce = 10, kGrace = 5;  // jobs; seconds

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Ended : lethe::testing::CommandResult {
  double at = 0;  // seconds of the steady clock
  double fault_at() const {
    const std::size_t found = output.find("fault at ");
    return found == std::string::npos ? 0 : std::atof(output.c_str() + found + 9);
  }
};

// What the jobs of one test leave behind is told from other jobs' by this word.
class Lair {
 public:
  explicit Lair(int number)
      : tag_("t" + std::to_string(getpid()) + "n" + std::to_string(number) + "x"),
        mpi_(fs::temp_directory_path() / ("lethe_lost_" + tag_)) {
    fs::create_directories(mpi_);
  }
  ~Lair() { fs::remove_all(mpi_); }
  Lair(const Lair&) = delete;
  Lair& operator=(const Lair&) = delete;

  std::string environment() const {
    return "LETHE_FAKE_NCCL_TAG=" + tag_ + " OMPI_MCA_btl_vader_backing_directory=" + mpi_.string();
  }
  std::vector<std::string> segments() const {
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator("/dev/shm"))
      if (entry.path().filename().string().starts_with("lethe_nccl_" + tag_)) left.push_back(entry.path());
    for (const auto& entry : fs::directory_iterator(mpi_)) left.push_back(entry.path());
    return left;
  }
  // Those that still run (a killed one takes a moment to go), as their pid.
  std::vector<std::string> processes() const {
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "environ");
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (text.find("LETHE_FAKE_NCCL_TAG=" + tag_) != std::string::npos) left.push_back(entry.path());
    }
    return left;
  }

 private:
  std::string tag_;
  fs::path mpi_;
};

Ended run_job(const Lair& lair, const std::string& backend, const std::string& how) {
  const std::string command = lair.environment() + " " + LETHE_LAUNCHER + " -n 3 " + LETHE_LOST_RANK_JOB +
                              " " + backend + " " + how + " " + std::to_string(deadline());
  Ended ended{lethe::testing::run_command(command)};
  ended.at = now();
  return ended;
}

std::vector<Ended> run_jobs(const Lair& lair, const std::string& backend, const std::string& how) {
  std::vector<Ended> ended;
  while (static_cast<int>(ended.size()) < runs()) {
    std::vector<std::future<Ended>> batch;
    const int size = std::min(kAtOnce, runs() - static_cast<int>(ended.size()));
    for (int i = 0; i < size; ++i)
      batch.push_back(std::async(std::launch::async, [&] { return run_job(lair, backend, how); }));
    for (auto& job : batch) ended.push_back(job.get());
  }
  return ended;
}

struct Fault {
  const char* backend;
  const char* how;
  const char* says;  // regular expression of a line
  int exit_code;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.how << " over " << fault.backend; }

const Fault kFaults[] = {
    {"mpi", "hang",
     "rank 1 \\(.*pid [0-9]+\\) has not come .*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"mpi", "stop",
     "rank 1 \\(.*pid [0-9]+\\) does not answer.*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"mpi", "mismatch", "peer.mismatch.*reduce_scatter #[0-9]+ of layer 12, step 5", 76},
    {"mpi", "size", "peer.mismatch.*rank 1 .*all_gather #[0-9]+ of layer 12, step 5", 76},
    {"mpi", "throw", "error.num.nonfinite.: rank 1 met a NaN in layer 12, step 5", 80},
    {"mpi", "absent", "rank 1 \\(.*\\) has not come \\(its last: start #1\\).*waits in all_gather #1", 76},
    {"nccl", "hang",
     "rank 1 \\(.*pid [0-9]+\\) has not come .*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"nccl", "stop",
     "rank 1 \\(.*pid [0-9]+\\) does not answer.*waits in all_gather #[0-9]+ of layer 12, step 5", 76},
    {"nccl", "mismatch", "peer.mismatch.*reduce_scatter #[0-9]+ of layer 12, step 5", 76},
    {"nccl", "size", "peer.mismatch.*rank 1 .*all_gather #[0-9]+ of layer 12, step 5", 76},
    {"nccl", "throw", "error.num.nonfinite.: rank 1 met a NaN in layer 12, step 5", 80},
    {"nccl", "error", "rank 1 \\(.*\\): barrier #[0-9]+ failed \\(NCCL: remote process exited", 76},
    {"nccl", "version", "error.dist.version.: rank 1 NCCL 2.27.3, others 2.[0-9.]+", 69},
    {"nccl", "absent", "rank 1 \\(.*\\) has not come.*waits in all_gather #[0-9]+ of NCCL's start", 76},
};

class LostRank : public ::testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Faults, LostRank, ::testing::ValuesIn(kFaults), [](const auto& info) {
  return std::string(info.param.how) + "_over_" + info.param.backend;
});

TEST_P(LostRank, IsNamedWithItsCollectiveInTimeAndNothingIsLeft) {
  const Lair lair(static_cast<int>(std::hash<std::string>()(GetParam().how) % 1000));
  double slowest = 0;
  for (const Ended& ended : run_jobs(lair, GetParam().backend, GetParam().how)) {
    EXPECT_THAT(ended.output, ::testing::ContainsRegex(GetParam().says));
    EXPECT_EQ(ended.exit_code, GetParam().exit_code) << ended.output;
    ASSERT_GT(ended.fault_at(), 0) << ended.output;
    EXPECT_LE(ended.at - ended.fault_at(), deadline() + kGrace) << ended.output;
    slowest = std::max(slowest, ended.at - ended.fault_at());
  }
  for (int tries = 0; tries < 50 && !lair.processes().empty(); ++tries) std::this_thread::sleep_for(20ms);
  EXPECT_THAT(lair.processes(), ::testing::IsEmpty());
  EXPECT_THAT(lair.segments(), ::testing::IsEmpty());
  std::printf("%s over %s: %d runs, all ended at most %.1f s after the fault\n", GetParam().how,
              GetParam().backend, runs(), slowest);
}

TEST(LostRank, NobodyIsBlamedWhenAllGoesWell) {
  for (const char* backend : {"mpi", "nccl"}) {
    const Lair lair(99);
    const Ended ended = run_job(lair, backend, "clean");
    EXPECT_EQ(ended.exit_code, 0) << ended.output;
    EXPECT_EQ(ended.output, "");
    EXPECT_THAT(lair.segments(), ::testing::IsEmpty());
  }
}

}  // namespace
}  // namespace lethe::dist::tests
