// SIGKILL of a random rank at a random moment, of a step or of a save: no process is left, the newest
// complete checkpoint loads, and what the same command ends in afterwards, on whatever world, are the bits of
// a run that nobody disturbed. LETHE_KILLS says how many kills (default 10; the release label runs 100).
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "framework/base/random.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kKillsOfARun = 10, kSteps = 80;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool happens(double seconds, const std::function<bool()>& what) {
  const auto end = Clock::now() + Seconds(seconds);
  while (!what()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(Seconds(0.0005));
  }
  return true;
}

// Of ranks only: mpirun names the run directory in its command line too.
std::vector<pid_t> ranks_of(const fs::path& run) {
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (text_of(entry.path() / "comm") != "lethe\n") continue;
    if (text_of(entry.path() / "cmdline").find(run.string() + '\0') != std::string::npos)
      pids.push_back(std::stoi(name));
  }
  return pids;
}

// The highest N of folders `<prefix>N`, -1 if there is none.
std::int64_t newest(const fs::path& folder, const std::string& prefix) {
  std::int64_t highest = -1;
  std::error_code none_yet;
  for (const auto& entry : fs::directory_iterator(folder, none_yet)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix))
      highest = std::max<std::int64_t>(highest, std::stoll(name.substr(prefix.size())));
  }
  return highest;
}

// One job of the program, in a process group of its own, so that this test can end it whatever happens.
class Job {
 public:
  Job(const fs::path& run, int ranks) : log_(run.string() + ".log") {
    pid_ = ::fork();
    if (pid_ == 0) start(run, std::to_string(ranks));
  }
  ~Job() {
    if (pid_ > 0) ::kill(-pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  bool ended() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ == 0;
  }
  int exit_code() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128; }
  std::string output() const { return text_of(log_); }

 private:
  [[noreturn]] void start(const fs::path& run, const std::string& ranks) {
    ::setpgid(0, 0);
    const int log = ::open(log_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ::dup2(log, 1), ::dup2(log, 2);
    if (::chdir(LETHE_SOURCE_DIR) != 0) ::_exit(1);
    const std::string steps = fmt::format("train.max_steps={}", kSteps);
    ::execl("launchers/mpi", "mpi", "-n", ranks.c_str(), LETHE_PROGRAM, "train", "configs/smoke/zero3.yaml",
            "--set", "determinism=elastic", "--set", steps.c_str(), "--set", "checkpoint.every=2", "--set",
            "eval.before=false", "--set", "eval.after=false", "--out", run.c_str(), nullptr);
    ::_exit(1);
  }
  std::string log_;
  pid_t pid_ = 0;
  int status_ = 0;
};

class KilledRank : public ::testing::Test {
 protected:
  KilledRank() : folder_(fs::path(::testing::TempDir()) / fmt::format("killed_{}", ::getpid())) {
    fs::create_directories(folder_);
  }
  ~KilledRank() override { fs::remove_all(folder_); }

  double random() { return base::uniform({.seed = 20261125}, drawn_++); }

  // Two to four ranks, so that a kill is also a change of the world.
  void disturb(const fs::path& run, int number) {
    const fs::path checkpoints = records::RunPaths{run}.checkpoints();
    const std::int64_t complete = newest(checkpoints, "step-");
    Job job(run, 2 + number % 3);
    const std::int64_t moment = std::max<std::int64_t>(complete, 0) + 1 + static_cast<int>(random() * 5);
    const bool in_a_save = number % 2 == 1;
    // What the kill before left half-written is gone when the run has resumed.
    const bool started = happens(300, [&] {
      return job.ended() || complete < 0 || job.output().find("resumed from") != std::string::npos;
    });
    const bool came = started && happens(300, [&] {
                        return job.ended() || newest(checkpoints, in_a_save ? "writing-" : "step-") >= moment;
                      });
    ASSERT_TRUE(came && !job.ended()) << job.output();
    expect_resumed_from(complete, job);
    std::this_thread::sleep_for(Seconds(random() * (in_a_save ? 0.004 : 0.08)));
    const auto ranks = ranks_of(run);
    ASSERT_EQ(ranks.size(), 2u + static_cast<unsigned>(number % 3));
    ::kill(ranks[static_cast<std::size_t>(random() * static_cast<double>(ranks.size()))], SIGKILL);
    ASSERT_TRUE(happens(60, [&] { return job.ended(); })) << "the job outlives its rank";
    EXPECT_NE(job.exit_code(), 0);
    EXPECT_TRUE(happens(10, [&] { return ranks_of(run).empty(); })) << "a rank outlives its job";
    saves_cut_ += newest(checkpoints, "writing-") >= 0;
  }

  // To its end; the bytes of the model.
  std::string finish(const fs::path& run, int ranks) {
    const std::int64_t complete = newest(records::RunPaths{run}.checkpoints(), "step-");
    Job job(run, ranks);
    EXPECT_TRUE(happens(400, [&] { return job.ended(); }));
    EXPECT_EQ(job.exit_code(), 0) << job.output();
    expect_resumed_from(complete, job);
    return text_of(records::RunPaths{run}.model() / "model.safetensors");
  }

  static void expect_resumed_from(std::int64_t step, const Job& job) {
    if (step < 0) return;
    EXPECT_THAT(job.output(), ::testing::HasSubstr(fmt::format("step-{} (step {})", step, step)));
  }

  fs::path folder_;
  std::uint64_t drawn_ = 0;
  int saves_cut_ = 0;
};

TEST_F(KilledRank, LeavesNoProcessAndNoBitOfDifference) {
  const char* const wanted = std::getenv("LETHE_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 10;
  const std::string expected = finish(folder_ / "unharmed", 1);
  ASSERT_FALSE(expected.empty());
  for (int kill = 0; kill < kills;) {
    const fs::path run = folder_ / fmt::format("killed_{}_times", kill);
    for (int i = 0; i < kKillsOfARun && kill < kills; ++i) {
      disturb(run, kill++);
      if (HasFatalFailure()) return;
    }
    ASSERT_EQ(finish(run, 1 + kill % 4), expected) << "after kill " << kill;
    EXPECT_LT(newest(records::RunPaths{run}.checkpoints(), "corrupt-step-"), 0);
    fs::remove_all(run);
  }
  EXPECT_GT(saves_cut_, 0) << "no kill met a save";
  RecordProperty("kills", kills);
  RecordProperty("saves_cut", saves_cut_);
  fmt::print("{} kills, {} of them in the middle of a save\n", kills, saves_cut_);
}

}  // namespace
}  // namespace lethe
