// One task as processes: its result is written without the driver, one at a time, and a stop reaches the
// program.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <thread>

#include "framework/campaign/task_process.h"
#include "framework/campaign/task_result.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

struct Shell {
  Shell() { std::filesystem::create_directories(paths.tasks()); }
  TaskLaunch launch(const std::string& script) const { return {.key = "t", .words = {"sh", "-c", script}}; }
  TaskResult run(const std::string& script) const {
    EXPECT_EQ(::waitpid(start_task(paths, launch(script)).value(), nullptr, 0) > 0, true);
    return read_result(paths.result("t")).value();
  }
  Folder folder;
  CampaignPaths paths{folder.path()};
};

void wait_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 5000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ASSERT_TRUE(condition());
}

TEST(TaskProcess, WritesHowItsProgramEnded) {
  const Shell shell;
  EXPECT_EQ(shell.run("exit 0").exit_code, 0);
  const TaskResult failed = shell.run("echo one; echo 'error[num.nonfinite]: loss NaN' >&2; exit 80");
  EXPECT_EQ(failed.exit_code, 80);
  EXPECT_EQ(failed.error, "error[num.nonfinite]: loss NaN");
  const TaskResult killed = shell.run("kill -KILL $$");
  EXPECT_EQ(killed.exit_code, 137);
  EXPECT_EQ(killed.error, "ended by signal 9");
}

TEST(TaskProcess, AMissingProgramIsSaid) {
  const Shell shell;
  const pid_t pid = start_task(shell.paths, {.key = "t", .words = {"no-such-program-here"}}).value();
  ::waitpid(pid, nullptr, 0);
  const TaskResult result = read_result(shell.paths.result("t")).value();
  EXPECT_EQ(result.exit_code, 71);
  EXPECT_THAT(result.error, HasSubstr("cannot start no-such-program-here"));
}

TEST(TaskProcess, RunsOnlyOnceAtATime) {
  const Shell shell;
  const pid_t pid = start_task(shell.paths, shell.launch("exec sleep 100")).value();
  EXPECT_TRUE(is_task_running(shell.paths, "t"));
  EXPECT_FALSE(start_task(shell.paths, shell.launch("exit 0")).has_value());
  stop_task(pid);
  ::waitpid(pid, nullptr, 0);
  EXPECT_FALSE(is_task_running(shell.paths, "t"));
}

TEST(TaskProcess, AStopLetsTheProgramSaveItsState) {
  const Shell shell;
  const auto ready = shell.folder.path("ready"), saved = shell.folder.path("saved");
  const pid_t pid =
      start_task(shell.paths, shell.launch(fmt::format(
                                  "trap 'touch {1}; exit 75' USR1; touch {0}; while :; do sleep 0.01; done",
                                  ready.string(), saved.string())))
          .value();
  wait_until([&] { return std::filesystem::exists(ready); });
  stop_task(pid);
  ::waitpid(pid, nullptr, 0);
  EXPECT_TRUE(std::filesystem::exists(saved));
  EXPECT_TRUE(read_result(shell.paths.result("t")).value().was_stopped());
}

TEST(TaskProcess, ASecondStopEndsAProgramThatDoesNotListen) {
  const Shell shell;
  const auto ready = shell.folder.path("ready");
  const pid_t pid =
      start_task(shell.paths,
                 shell.launch(fmt::format("trap '' USR1; touch {}; sleep 100 & wait", ready.string())))
          .value();
  wait_until([&] { return std::filesystem::exists(ready); });
  stop_task(pid);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  stop_task(pid);
  ::waitpid(pid, nullptr, 0);
  EXPECT_TRUE(read_result(shell.paths.result("t")).value().was_stopped());
}

TEST(TaskProcess, ARunWhoseSupervisorWasKilledAfterItsEndIsDone) {
  const Shell shell;
  const auto run = shell.paths.run("t");
  EXPECT_EQ(outcome_of(shell.paths, "t").exit_code, 137);
  shell.folder.write("c.yaml", "seed: 1\nledger: " + shell.folder.path("ledger").string() + "\n");
  const TaskLaunch launch{.key = "t",
                          .words = {LETHE_FAKE_STAGE, "train", shell.folder.path("c.yaml"), "--out", run}};
  EXPECT_EQ(run_task(shell.paths, launch), 0);
  std::filesystem::remove(shell.paths.result("t"));
  EXPECT_TRUE(outcome_of(shell.paths, "t").is_done());
  EXPECT_TRUE(earlier_success(shell.paths, "t").has_value());
  // It ended after a later driver had looked for the last time: nobody runs it again.
  EXPECT_FALSE(start_task(shell.paths, shell.launch("exit 1")).has_value());
  EXPECT_EQ(run_task(shell.paths, shell.launch("exit 1")), 0);
  EXPECT_TRUE(outcome_of(shell.paths, "t").is_done());
  std::filesystem::remove_all(run);
  EXPECT_FALSE(earlier_success(shell.paths, "t").has_value());
}

TEST(TaskProcess, TheLockNamesTheSupervisorAndItsGpus) {
  const Shell shell;
  TaskLaunch launch = shell.launch("exec sleep 100");
  launch.gpus = {3, 5};
  const pid_t pid = start_task(shell.paths, launch).value();
  wait_until([&] { return holder_of(shell.paths, "t").has_value(); });
  EXPECT_EQ(holder_of(shell.paths, "t")->supervisor, pid);
  EXPECT_EQ(holder_of(shell.paths, "t")->gpus, (std::vector<std::int64_t>{3, 5}));
  stop_task(pid);
  ::waitpid(pid, nullptr, 0);
  EXPECT_FALSE(holder_of(shell.paths, "t").has_value());
}

TEST(TaskProcess, AProcessIdThatWasUsedAgainIsNoSupervisor) {
  const Shell shell;
  const pid_t pid = start_task(shell.paths, shell.launch("exec sleep 100")).value();
  wait_until([&] { return holder_of(shell.paths, "t").has_value(); });
  shell.folder.write("tasks/t.lock", fmt::format("{} 1", pid));  // of a process that began long ago
  EXPECT_FALSE(holder_of(shell.paths, "t").has_value());
  stop_task(pid);
  ::waitpid(pid, nullptr, 0);
}

TEST(TaskProcess, EachProgramHasASessionFolderOfItsOwn) {
  const Shell shell;
  const auto noted = shell.folder.path("noted");
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(shell.run("echo $OMPI_MCA_orte_tmpdir_base >> " + noted.string()).exit_code, 0);
  const auto folders = lines_of(noted);
  ASSERT_EQ(folders.size(), 2u);
  EXPECT_NE(folders[0], folders[1]);
}

}  // namespace
}  // namespace lethe::campaign
