// A campaign of 162 cells whose driver is killed at random moments ends as an undisturbed one does: every
// task once, the same table.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <thread>

#include "framework/base/random.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

// 2 objectives x 3 samplers x 3 rates x 3 waits x 3 seeds = 162 cells on one planted model for each seed.
std::string yaml(const std::string&) {
  return "campaign:\n  base: run.yaml\n  executor: {name: local, cores: 6}\n  stages:\n"
         "    - {name: plant, settings: {objective: finetune}}\n"
         "    - {name: unlearn, settings: {model: \"{plant}\"}}\n"
         "  axes:\n    objective: [npo, rmu]\n    sampler: [uniform, {name: mrd, floor: 0.1}, {name: mrd, "
         "floor: 0.2}]\n"
         "    rate: [1, 2, 3]\n    wait: [0.01, 0.02, 0.03]\n"
         "  repeats: {seeds: [1, 2, 3], stages: [plant, unlearn]}\n";
}

CampaignLaunch launch_with_ledger(const Folder& folder) {
  folder.write("run.yaml", "ledger: ledger\n");
  return launch_of(folder, yaml(""), "out");
}

pid_t start_driver(const CampaignLaunch& launch, const std::filesystem::path& folder) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  std::filesystem::current_path(
      folder);  // the ledger is named without a folder: keys do not know this test's
  int code = 70;
  try {
    code = run_campaign(launch, check_fake);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
  }
  ::_exit(code);
}

int wait_for(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::map<std::string, int> ends_of(const Folder& folder, const std::string& word) {
  std::map<std::string, int> ends;
  for (const std::string& line : lines_of(folder.path("ledger")))
    if (line.starts_with(word)) ++ends[line];
  return ends;
}

// Kills the driver `kills` times, each at a random moment of the work that is left.
void disturb(const CampaignLaunch& launch, const Folder& folder, int kills, std::uint64_t seed) {
  for (int i = 0; i < kills; ++i) {
    const pid_t pid = start_driver(launch, folder.path());
    const double wait = 0.05 + 0.6 * base::uniform({.seed = seed}, static_cast<std::uint64_t>(i));
    std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    ::kill(pid, SIGKILL);
    wait_for(pid);
  }
}

void expect_each_once(const Folder& folder) {
  EXPECT_EQ(ends_of(folder, "end").size(), 165u);  // 3 planted, 162 unlearned
  for (const char* word : {"begin", "end"})
    for (const auto& [line, count] : ends_of(folder, word)) EXPECT_EQ(count, 1) << line;
}

void run_with_kills(int kills) {
  const Folder calm, disturbed;
  ASSERT_EQ(wait_for(start_driver(launch_with_ledger(calm), calm.path())), 0);
  const CampaignLaunch launch = launch_with_ledger(disturbed);
  disturb(launch, disturbed, kills, 20260101);
  ASSERT_EQ(wait_for(start_driver(launch, disturbed.path())), 0);
  expect_each_once(calm);
  expect_each_once(disturbed);
  const std::string table = text_of(calm.path("out/table.csv"));
  EXPECT_EQ(lines_of(calm.path("out/table.csv")).size(), 163u);
  EXPECT_EQ(text_of(disturbed.path("out/table.csv")), table);
}

// Three kills; as many as LETHE_DRIVER_KILLS says in the tests before a release.
TEST(KilledDriver, RepeatsNothingLosesNothingAndChangesNoNumber) {
  const char* kills = std::getenv("LETHE_DRIVER_KILLS");
  run_with_kills(kills == nullptr ? 3 : std::atoi(kills));
}

}  // namespace
}  // namespace lethe::campaign
