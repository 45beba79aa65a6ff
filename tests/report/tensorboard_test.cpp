// Event files: the checksum's and the frame's known answers, and what TensorBoard's own reader makes of a
// run.
#include "framework/report/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "framework/report/report.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::report {
namespace {

using records::ScratchFolder;
using records::text_of;

TEST(TensorBoard, ChecksumsHaveTheAnswersOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);            // the check value of CRC-32C
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);  // RFC 3720, B.4
}

TEST(TensorBoard, AFileBeginsWithTheVersionAndHoldsAFrameForEachEvent) {
  const std::string empty = event_file({});
  EXPECT_NE(empty.find("brain.Event:2"), std::string::npos);
  EXPECT_EQ(empty.size(), 8u + 4 + 9 + 2 + 13 + 4);  // length, checksum, time, version, checksum
  const std::string one = event_file({{.step = 300, .values = {{"a/b", 1.5F}}}});
  EXPECT_EQ(one.size(), empty.size() + 8 + 4 + 9 + 3 + 2 + 2 + 5 + 5 + 4);
}

TEST(TensorBoard, AReportLeavesOneFileForEachRun) {
  const ScratchFolder folder;
  for (const char* run : {"a/run", "b/run"}) testing::write_fixture(folder / run);
  (void)write_report({folder / "a/run"}, folder / "a/run");
  EXPECT_TRUE(std::filesystem::exists(folder / "a/run/tensorboard/events.out.tfevents.lethe"));
  (void)write_report({folder / "a/run", folder / "b/run"}, folder.path());
  for (const char* run : {"run", "run-2"})
    EXPECT_TRUE(std::filesystem::exists(folder / "tensorboard" / run / "events.out.tfevents.lethe")) << run;
}

// LETHE_TENSORBOARD_PYTHON, or the oracles' python, if it has TensorBoard.
std::string python_with_tensorboard() {
  for (const char* name : {"LETHE_TENSORBOARD_PYTHON", "LETHE_ORACLE_PYTHON"})
    if (const char* python = std::getenv(name);
        python != nullptr &&
        std::system(fmt::format("'{}' -c 'import tensorboard' > /dev/null 2>&1", python).c_str()) == 0)
      return python;
  return "";
}

TEST(TensorBoard, ItsOwnReaderFindsEveryNumber) {
  const std::string python = python_with_tensorboard();
  if (python.empty()) GTEST_SKIP() << "needs a python with tensorboard: set LETHE_TENSORBOARD_PYTHON";
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const RunSummary run = load_run(folder / "run");
  write_tensorboard({&run}, folder / "events");
  const auto out = folder / "read";
  ASSERT_EQ(std::system(fmt::format("'{}' '{}/tests/report/read_events.py' '{}' > '{}' 2> /dev/null", python,
                                    LETHE_SOURCE_DIR, (folder / "events").string(), out.string())
                            .c_str()),
            0);
  std::map<std::pair<std::string, std::int64_t>, std::pair<double, double>> read;
  std::istringstream lines(text_of(out));
  for (std::string tag; lines >> tag;) {
    std::int64_t step = 0;
    double value = 0, time = 0;
    lines >> step >> value >> time;
    read[{tag, step}] = {value, time};
  }
  std::size_t expected = 0;
  for (const ScalarEvent& event : scalar_events(run))
    for (const auto& [tag, value] : event.values) {
      ASSERT_TRUE(read.contains({tag, event.step})) << tag << " at " << event.step;
      EXPECT_EQ(static_cast<float>(read.at({tag, event.step}).first), value) << tag;
      EXPECT_DOUBLE_EQ(read.at({tag, event.step}).second, event.wall_time);
      ++expected;
    }
  EXPECT_EQ(read.size(), expected);
  EXPECT_TRUE(read.contains({"train/loss", run.steps.back().step}));
  EXPECT_TRUE(read.contains({"forget/probability", 0}));
}

}  // namespace
}  // namespace lethe::report
