// Whole campaigns of stub stages on this machine: every cell once, failures shown, stops resumable, one
// driver.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <thread>

#include "framework/base/error.h"
#include "framework/records/run_directory.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

struct Small : ::testing::Test {
  std::string yaml(const std::string& rest) const {
    return "campaign:\n  base: run.yaml\n  executor: {name: local, cores: 3}\n" + rest;
  }
  CampaignLaunch launch(const std::string& rest, const std::string& run = "") const {
    folder.write("run.yaml", "ledger: " + folder.path("ledger").string() + "\n" + run);
    return launch_of(folder, yaml(rest), "out");
  }
  std::size_t count(const std::string& word) const {
    std::size_t n = 0;
    for (const std::string& line : lines_of(folder.path("ledger"))) n += line.starts_with(word) ? 1 : 0;
    return n;
  }
  std::string table() const { return text_of(folder.path("out/table.csv")); }
  Folder folder;
};

TEST_F(Small, RunsEachTaskOnceAndAgainNone) {
  const auto l = launch(
      "  stages:\n    - {name: plant, settings: {objective: finetune}}\n"
      "    - {name: unlearn, settings: {model: \"{plant}\"}}\n  axes: {objective: [npo, rmu], rate: [1, "
      "2]}\n");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(count("end"), 5u);
  const std::string first = table();
  EXPECT_THAT(first, HasSubstr("4,rmu,2,done,"));
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(count("begin"), 5u);
  EXPECT_EQ(table(), first);
}

TEST_F(Small, CellsAreAddedLater) {
  EXPECT_EQ(run_campaign(launch("  axes: {rate: [1, 2]}\n"), check_fake), 0);
  EXPECT_EQ(run_campaign(launch("  axes: {rate: [1, 2, 3]}\n"), check_fake), 0);
  EXPECT_EQ(count("begin"), 3u);
}

TEST_F(Small, AFailedCellIsShownAndTheOthersGoOn) {
  auto l = launch("  axes: {fail: [80, 0], rate: [1, 2]}\n  repeats: {seeds: [1, 2]}\n");
  l.keep_going = true;
  EXPECT_EQ(run_campaign(l, check_fake), 80);
  EXPECT_EQ(count("end"), 4u);
  EXPECT_EQ(count("begin"), 8u);  // numbers do not change by trying again
  EXPECT_THAT(table(), HasSubstr("1,80,1,1,failed,"));
  EXPECT_THAT(table(), HasSubstr("error[num.nonfinite]: loss NaN at step 3"));
  folder.write("mended", "");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(count("end"), 8u);
  EXPECT_EQ(count("begin"), 12u);
}

TEST_F(Small, WithoutKeepGoingAFailureStartsNothingMore) {
  auto l = launch("  executor: {name: local, cores: 1}\n  axes: {fail: [78, 0, 3]}\n");
  l.file = folder.write(
      "campaign.yaml",
      "campaign:\n  base: run.yaml\n  executor: {name: local, cores: 1}\n  axes: {fail: [78, 0]}\n");
  EXPECT_EQ(run_campaign(l, check_fake), 78);
  EXPECT_EQ(count("begin"), 1u);
}

TEST_F(Small, WhatTheMachineFailedIsRetriedAsOftenAsAllowed) {
  EXPECT_EQ(run_campaign(launch("  retries: 2\n  axes: {fail: [76]}\n"), check_fake), 76);
  EXPECT_EQ(count("begin"), 3u);
}

TEST_F(Small, InvalidCellsRunNothingUnlessToldToKeepGoing) {
  auto l = launch("  axes: {rate: [1, -1, 2]}\n");
  EXPECT_THROW((void)run_campaign(l, check_fake), Error);
  EXPECT_EQ(count("begin"), 0u);
  EXPECT_FALSE(std::filesystem::exists(folder.path("out")));
  EXPECT_EQ(check_campaign(l, check_fake, predict_fake), 78);
  l.keep_going = true;
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(count("end"), 2u);
  EXPECT_THAT(table(), HasSubstr("2,-1,invalid,"));
}

// Nobody has so many; making their list took longer than anyone waits.
TEST_F(Small, AnImpossibleNumberOfGpusIsRefused) {
  const std::string text = "campaign:\n  base: run.yaml\n  executor: {name: local, gpus: 99999999999999}\n";
  folder.write("run.yaml", "seed: 1\n");
  try {
    (void)check_campaign(launch_of(folder, text, "out"), check_fake, predict_fake);
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "config.range");
  }
}

TEST_F(Small, ASecondDriverRefusesNamingTheFirst) {
  const auto l = launch("  axes: {rate: [1]}\n");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  const records::RunLock held(CampaignPaths{l.out}.lock());
  try {
    (void)run_campaign(l, check_fake);
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "out.locked");
    EXPECT_THAT(e.message(), HasSubstr(fmt::format("pid {}", ::getpid())));
  }
}

// The driver as a process of its own; gives its exit code, or minus the signal that ended it.
int drive(const CampaignLaunch& launch, int signal_after_begin, const std::function<bool()>& has_begun) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    int code = 70;
    try {
      code = run_campaign(launch, check_fake);
    } catch (const Error& e) {
      code = e.exit_code();
    }
    ::_exit(code);
  }
  for (int i = 0; i < 10000 && !has_begun(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(pid, signal_after_begin);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_F(Small, CtrlCLeavesEverythingResumable) {
  const auto l = launch("  axes: {rate: [1, 2]}\n", "wait: 30\n");
  EXPECT_EQ(drive(l, SIGINT, [&] { return count("begin") == 2; }), 75);
  EXPECT_EQ(count("stop"), 2u);
  EXPECT_THAT(table(), HasSubstr("1,1,waiting,"));
  launch("  axes: {rate: [1, 2]}\n");  // no wait: another configuration, hence other cells
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(count("end"), 2u);
}

TEST_F(Small, ANewDriverWaitsForWhatAKilledOneLeftRunning) {
  const auto l = launch("  axes: {rate: [1, 2]}\n", "wait: 0.5\n");
  EXPECT_EQ(drive(l, SIGKILL, [&] { return count("begin") == 2; }), -SIGKILL);
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(count("begin"), 2u);
  EXPECT_EQ(count("end"), 2u);
}

// Ctrl-C reaches it too: nothing goes on after the driver said that it stopped.
TEST_F(Small, CtrlCStopsWhatAKilledDriverLeftRunning) {
  const auto l = launch("  axes: {rate: [1, 2]}\n", "wait: 30\n");
  EXPECT_EQ(drive(l, SIGKILL, [&] { return count("begin") == 2; }), -SIGKILL);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(
      drive(l, SIGINT, [&] { return std::chrono::steady_clock::now() - begun > std::chrono::seconds(1); }),
      75);
  EXPECT_EQ(count("begin"), 2u);
  EXPECT_EQ(count("stop"), 2u);
}

TEST_F(Small, AStopCountsBeforeAFailure) {
  auto l = launch("  axes: {fail: [80, 0]}\n", "wait: 0\n");
  l.keep_going = true;
  folder.write("run.yaml", "wait: 0\nledger: " + folder.path("ledger").string() + "\n");
  l.file =
      folder.write("campaign.yaml", yaml("  stages: [{name: run}]\n  cells: [{fail: 80}, {wait: 30}]\n"));
  const auto one_has_failed = [&] {
    std::error_code none_yet;
    for (const auto& file : std::filesystem::directory_iterator(folder.path("out/tasks"), none_yet))
      if (file.path().extension() == ".json") return count("begin") == 2;
    return false;
  };
  EXPECT_EQ(drive(l, SIGINT, one_has_failed), 75);
  EXPECT_THAT(table(), HasSubstr("1,80,,failed,"));
  EXPECT_THAT(table(), HasSubstr("2,,30,waiting,"));
}

TEST_F(Small, ATableOfFailuresRunsNothingAndANameThatIsWrongMakesNoFolder) {
  auto l = launch("  axes: {fail: [80, 0]}\n");
  l.keep_going = true;
  EXPECT_EQ(run_campaign(l, check_fake), 80);
  EXPECT_THAT(campaign_table(l, check_fake, true), HasSubstr("1,80,failed,"));
  EXPECT_EQ(count("begin"), 2u);
  l.out = folder.path("oot").string();
  try {
    (void)campaign_table(l, check_fake, true);
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "run.missing");
  }
  EXPECT_FALSE(std::filesystem::exists(l.out));
}

// Another process may be at work there, or the folder be only to be read.
TEST_F(Small, ATableWritesNothing) {
  auto l = launch("  axes: {rate: [1, 2]}\n");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  const auto state_of = [&] {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(l.out))
      files[entry.path().string()] =
          entry.is_directory()
              ? ""
              : std::to_string(entry.last_write_time().time_since_epoch().count()) + text_of(entry.path());
    return files;
  };
  const auto before = state_of();
  const std::string grown = launch("  axes: {rate: [0.5, 1, 2, 3]}\n").file;  // a plan of its own
  EXPECT_EQ(grown, l.file);
  EXPECT_THAT(campaign_table(l, check_fake, true), HasSubstr("2,1,done,"));
  EXPECT_THAT(campaign_table(l, check_fake, true), HasSubstr("4,3,waiting,"));
  EXPECT_EQ(state_of(), before);
  std::filesystem::remove_all(CampaignPaths{l.out}.tasks());
  (void)campaign_table(l, check_fake, false);
  EXPECT_FALSE(std::filesystem::exists(CampaignPaths{l.out}.tasks()));
}

// Configurations hold folders; a campaign that was moved goes on, and what was begun with it.
TEST_F(Small, AMovedCampaignGoesOn) {
  const std::string rest =
      "  stages:\n    - {name: plant, settings: {objective: finetune}}\n"
      "    - {name: unlearn, settings: {model: \"{plant}\"}}\n";
  auto l = launch(rest);
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  const CampaignPaths old{l.out};
  std::string unlearn;
  for (const auto& entry : std::filesystem::directory_iterator(old.runs()))
    if (entry.path().filename().string().starts_with("unlearn")) unlearn = entry.path().filename();
  std::filesystem::remove(old.result(unlearn));
  std::filesystem::remove(old.run(unlearn) / "records.jsonl");
  folder.write("out/runs/" + unlearn + "/config.yaml", text_of(old.config(unlearn)));  // begun, not done
  std::filesystem::rename(old.root, folder.path("moved"));
  l.out = folder.path("moved").string();
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(count("begin"), 3u);
  const CampaignPaths moved{l.out};
  EXPECT_THAT(text_of(moved.config(unlearn)), HasSubstr(moved.runs().string()));
  EXPECT_EQ(text_of(moved.run(unlearn) / "config.yaml"), text_of(moved.config(unlearn)));
}

TEST_F(Small, AKilledDriverLeavesAFileThatReportsCanRead) {
  const auto l = launch("  axes: {rate: [1, 2]}\n", "wait: 0.5\n");
  EXPECT_EQ(drive(l, SIGKILL, [&] { return count("begin") == 2; }), -SIGKILL);
  EXPECT_THAT(text_of(CampaignPaths{l.out}.cells()), HasSubstr("\"runs/run-"));
  EXPECT_EQ(run_campaign(l, check_fake), 0);
}

}  // namespace
}  // namespace lethe::campaign
