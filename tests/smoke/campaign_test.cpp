// Campaigns of the program itself on tiny random models: every stage, a second driver, a driver that is
// killed and one that is told to stop.
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
#include <set>
#include <sstream>
#include <thread>

#include "framework/base/random.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Result {
  int exit_code = 0;
  std::string output;
};

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class Campaign : public ::testing::Test {
 protected:
  Campaign() { fs::remove_all(folder_), fs::create_directories(folder_); }
  ~Campaign() override { fs::remove_all(folder_); }

  // The program in the source folder, its output in a file; not waited for.
  pid_t start(const std::vector<std::string>& words, const fs::path& log) const {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    fs::current_path(LETHE_SOURCE_DIR);
    if (std::freopen(log.c_str(), "w", stdout) == nullptr || ::dup2(1, 2) < 0) ::_exit(1);
    std::vector<char*> argv = {const_cast<char*>(LETHE_PROGRAM)};
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(LETHE_PROGRAM, argv.data());
    ::_exit(127);
  }
  static int wait_for(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  Result lethe(const std::vector<std::string>& words) const {
    const fs::path log = folder_ / "log";
    const int code = wait_for(start(words, log));
    return {code, text_of(log)};
  }
  std::vector<std::string> campaign(const std::string& file, const std::string& out,
                                    std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"campaign", file, "--out", (folder_ / out).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // Every run of a campaign's folder began once and ended once.
  std::size_t runs_done_once(const std::string& out) const {
    std::size_t runs = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / out / "runs")) {
      const auto records = records::read_records(records::RunPaths{entry.path()}.records()).entries;
      EXPECT_EQ(records::records_of<records::SummaryRecord>(records).size(), 1u) << entry.path();
      for (const auto& run : records::records_of<records::RunRecord>(records))
        EXPECT_LT(run.resumed_from_step, 0) << entry.path();
      std::set<std::int64_t> steps;
      for (const auto& step : records::records_of<records::StepRecord>(records))
        EXPECT_TRUE(steps.insert(step.step).second) << entry.path() << " repeated step " << step.step;
      ++runs;
    }
    return runs;
  }

  fs::path folder_ = fs::path(::testing::TempDir()) / fmt::format("campaign_smoke_{}", ::getpid());
};

constexpr const char* kSmoke = "configs/campaign/smoke.yaml";

TEST_F(Campaign, GoesThroughEveryStageRefusesASecondDriverAndEndsInATableAndAReport) {
  const Result checked = lethe(campaign(kSmoke, "c", {"--check"}));
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_THAT(checked.output, HasSubstr("8 cells, 0 invalid, 18 runs"));
  EXPECT_THAT(checked.output, HasSubstr(" MiB a rank"));
  const pid_t first = start(campaign(kSmoke, "c"), folder_ / "first");
  while (!fs::exists(folder_ / "c/index.sqlite")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Result second = lethe(campaign(kSmoke, "c"));
  EXPECT_EQ(second.exit_code, 73) << second.output;
  EXPECT_THAT(second.output, HasSubstr("error[out.locked]"));
  EXPECT_THAT(second.output, HasSubstr(fmt::format("pid {}", first)));
  ASSERT_EQ(wait_for(first), 0) << text_of(folder_ / "first");
  EXPECT_THAT(text_of(folder_ / "first"), HasSubstr("cells 8/8 done"));
  EXPECT_EQ(runs_done_once("c"), 18u);
  const std::string table = lethe(campaign(kSmoke, "c", {"--table"})).output;
  EXPECT_EQ(table, text_of(folder_ / "c/table.md"));
  EXPECT_THAT(table, HasSubstr("| forget.probability |"));
  EXPECT_EQ(lethe(campaign(kSmoke, "c", {"--csv"})).output, text_of(folder_ / "c/table.csv"));
  EXPECT_EQ(lethe({"report", (folder_ / "c").string()}).exit_code, 0);
  EXPECT_THAT(text_of(folder_ / "c/report.html"), HasSubstr("8 of 8 cells are done"));
  const Result purged = lethe({"purge", (folder_ / "c").string()});
  EXPECT_EQ(purged.exit_code, 0) << purged.output;
  EXPECT_THAT(text_of(folder_ / "c/purge.json"), HasSubstr("\"complete\": true"));
  EXPECT_FALSE(fs::exists(folder_ / "c/report.html"));
  const Result again = lethe(campaign(kSmoke, "c"));
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("cells 8/8 done")) << "a purged run is still done";
}

// One stage, one update, nothing evaluated but the answers' probability: as small as a cell can be.
std::string tiny_cells(const std::string& axes) {
  return fmt::format(
      "campaign:\n  executor: {{name: local, cores: 2}}\n  stages:\n    - name: unlearn\n      config: "
      "{}/configs/smoke/common.yaml\n      settings: {{train: {{max_steps: 1, forget_batch: 2, retain_batch: "
      "2}}, "
      "export: false, eval: {{before: false, generate: false}}}}\n  axes: {}\n",
      LETHE_SOURCE_DIR, axes);
}

TEST_F(Campaign, AFailedCellIsShownWithItsErrorAndTheOthersGoOn) {
  const std::string file = (folder_ / "failing.yaml").string();
  std::ofstream(file) << tiny_cells(
      "{objective: [npo, grad_diff], data.retain.path: [configs/quickstart/data/retain.jsonl, "
      "absent.jsonl]}");
  const Result result = lethe(campaign(file, "f", {"--keep-going"}));
  EXPECT_EQ(result.exit_code, 66) << result.output;
  EXPECT_THAT(result.output, HasSubstr("cells 2/4 done, 2 failed"));
  EXPECT_THAT(text_of(folder_ / "f/table.md"), HasSubstr("absent.jsonl"));
  EXPECT_THAT(text_of(folder_ / "f/table.md"), HasSubstr("error[data.missing]"));
}

// The law of tests/campaign/killed_driver_test with the program itself; minutes long.
TEST_F(Campaign, ADriverThatIsKilledAtRandomTimesChangesNothing) {
  const char* kills = std::getenv("LETHE_DRIVER_KILLS");
  if (kills == nullptr) GTEST_SKIP() << "takes minutes: set LETHE_DRIVER_KILLS=20, or run ctest -L release";
  const std::string file = (folder_ / "many.yaml").string();
  std::ofstream(file) << tiny_cells(
      "{objective: [npo, grad_diff, simnpo], sampler: [uniform, shuffle], train.learning_rate: [1.0e-3, "
      "2.0e-3, "
      "3.0e-3], train.retain_batch: [1, 2, 3]}\n  repeats: {seeds: [1, 2, 3]}");
  const auto begin = std::chrono::steady_clock::now();
  const Result calm = lethe(campaign(file, "calm"));
  ASSERT_EQ(calm.exit_code, 0) << calm.output;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (int i = 0; i < std::atoi(kills); ++i) {
    const pid_t driver = start(campaign(file, "killed"), folder_ / "driver");
    const double wait =
        2 * seconds / std::atoi(kills) * base::uniform({.seed = 7}, static_cast<std::uint64_t>(i));
    std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    ::kill(driver, SIGKILL);
    wait_for(driver);
  }
  const Result last = lethe(campaign(file, "killed"));
  ASSERT_EQ(last.exit_code, 0) << last.output;
  EXPECT_EQ(runs_done_once("calm"), 162u);
  EXPECT_EQ(runs_done_once("killed"), 162u);
  EXPECT_EQ(text_of(folder_ / "killed/table.csv"), text_of(folder_ / "calm/table.csv"));
}

}  // namespace
}  // namespace lethe
