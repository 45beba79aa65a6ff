// What a user sees of `device:` on a machine whose GPUs are not used or not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace lethe {
namespace {

using ::testing::HasSubstr;

struct Ended {
  int exit_code = -1;
  std::string output;
};

Ended train_on(const std::string& device) {
  const auto out =
      std::filesystem::path(::testing::TempDir()) / ("device_" + device + std::to_string(getpid()));
  const std::string command =
      std::string("cd '") + LETHE_SOURCE_DIR + "' && OMP_NUM_THREADS=1 '" + LETHE_PROGRAM +
      "' train configs/smoke/train.yaml --set train.max_steps=1 --set device=" + device + " --out " +
      out.string() + " 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  Ended ended;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) ended.output.append(buffer, n);
  const int status = pclose(pipe);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::filesystem::remove_all(out);
  return ended;
}

TEST(DeviceOfARun, AutoRunsOnTheCpuAndSaysSo) {
  const Ended ended = train_on("auto");
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("device: "));
  EXPECT_THAT(ended.output, ::testing::ContainsRegex("comput(es|ing) on the CPU"));
}

TEST(DeviceOfARun, CudaIsANamedErrorBeforeAnythingIsWritten) {
  const Ended ended = train_on("cuda");
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.output, HasSubstr("error[device.none]"));
  EXPECT_THAT(ended.output, HasSubstr("device: cpu"));
}

TEST(DeviceOfARun, CpuSaysNothing) {
  const Ended ended = train_on("cpu");
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_THAT(ended.output, ::testing::Not(HasSubstr("device: ")));
}

}  // namespace
}  // namespace lethe
