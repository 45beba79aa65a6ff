// Whole campaigns of stub stages on this machine: every cell once, failures shown, stops resumable, one
// driver.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
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

}  // namespace
}  // namespace lethe::campaign
