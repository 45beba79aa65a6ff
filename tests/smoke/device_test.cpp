// What a user sees of `device:` on a machine whose GPUs are not used or not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/command.h"

namespace lethe {
namespace {

using ::testing::HasSubstr;

using lethe::testing::CommandResult;

CommandResult train_on(const std::string& device) {
  const auto out =
      std::filesystem::path(::testing::TempDir()) / ("device_" + device + std::to_string(getpid()));
  const std::string command =
      std::string("cd '") + LETHE_SOURCE_DIR + "' && OMP_NUM_THREADS=1 '" + LETHE_PROGRAM +
      "' train configs/smoke/train.yaml --set train.max_steps=1 --set device=" + device + " --out " +
      out.string();
  CommandResult ended = lethe::testing::run_command(command);
  std::filesystem::remove_all(out);
  return ended;
}

TEST(DeviceOfARun, AutoRunsOnTheCpuAndSaysSo) {
  const CommandResult ended = train_on("auto");
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("device: "));
  EXPECT_THAT(ended.output, ::testing::ContainsRegex("comput(es|ing) on the CPU"));
}

TEST(DeviceOfARun, CudaIsANamedErrorBeforeAnythingIsWritten) {
  const CommandResult ended = train_on("cuda");
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.output, HasSubstr("error[device.none]"));
  EXPECT_THAT(ended.output, HasSubstr("device: cpu"));
}

TEST(DeviceOfARun, CpuSaysNothing) {
  const CommandResult ended = train_on("cpu");
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_THAT(ended.output, ::testing::Not(HasSubstr("device: ")));
}

}  // namespace
}  // namespace lethe
