// The commands that `print` writes are what a shell can run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "framework/campaign/executor.h"
#include "framework/campaign/task_result.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

TEST(Print, WritesCommandsInAnOrderThatRunsAndRunsNone) {
  const Folder folder;
  folder.write("run.yaml", "ledger: " + folder.path("ledger").string() + "\n");
  const CampaignLaunch launch =
      launch_of(folder,
                "campaign:\n  base: run.yaml\n  executor: print\n  stages:\n"
                "    - {name: plant, ranks: 2}\n    - {name: unlearn, settings: {model: \"{plant}\"}}\n",
                "out");
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(run_campaign(launch, check_fake), 0);
  const std::string text = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(text, HasSubstr("mpirun --oversubscribe"));
  EXPECT_LT(text.find("-n 2 " LETHE_FAKE_STAGE " train"), text.find("\n" LETHE_FAKE_STAGE " train"));
  EXPECT_TRUE(lines_of(folder.path("ledger")).empty());
  std::istringstream commands(text);
  for (std::string line; std::getline(commands, line);) {
    const auto program = line.find(LETHE_FAKE_STAGE);
    if (program == std::string::npos) continue;  // the log
    EXPECT_EQ(std::system(line.substr(program).c_str()), 0);
  }
  EXPECT_EQ(lines_of(folder.path("ledger")).size(), 4u);
}

TEST(Print, WhatWasRunByHandAfterAFailureIsDone) {
  const Folder folder;
  folder.write("run.yaml", "ledger: " + folder.path("ledger").string() + "\n");
  const CampaignLaunch launch =
      launch_of(folder, "campaign:\n  base: run.yaml\n  executor: print\n  axes: {rate: [1]}\n", "out");
  const auto printed = [&] {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run_campaign(launch, check_fake), 0);
    return ::testing::internal::GetCapturedStdout();
  };
  const std::string command = printed();
  const CampaignPaths paths{launch.out};
  const std::string key = std::filesystem::directory_iterator(paths.tasks())->path().stem().string();
  write_result(paths.result(key), {.exit_code = 76, .error = "error[comm.lost]: the wire"});
  EXPECT_THAT(printed(), HasSubstr(LETHE_FAKE_STAGE " train")) << "to be tried again";
  const auto words = command.substr(command.find(LETHE_FAKE_STAGE " train"));
  EXPECT_EQ(std::system(words.substr(0, words.find('\n')).c_str()), 0);
  EXPECT_THAT(printed(), ::testing::Not(HasSubstr(LETHE_FAKE_STAGE " train")));
  EXPECT_THAT(campaign_table(launch, check_fake, true), HasSubstr(",done,"));
}

TEST(Print, QuotesWhatAShellWouldRead) {
  const std::vector<std::string> words = {"a", "b c", "it's", "", "$x"};
  EXPECT_EQ(shell_line(words), "a 'b c' 'it'\\''s' '' '$x'");
}

}  // namespace
}  // namespace lethe::campaign
