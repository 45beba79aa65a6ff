// launchers/test ends with a count that no crash, time-out or missing program can make look green.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/structure/source_tree.h"
#include "tests/support/command.h"

namespace lethe::structure {
namespace {

namespace fs = std::filesystem;

class TestSummary : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  // ctest's record of programs, each `<testcase …>` given whole.
  void record(const std::string& entries) const {
    write("ctest.junit", "<testsuite>" + entries + "</testsuite>");
  }

  lethe::testing::CommandResult run() const {
    const std::string command =
        "python3 '" + (source_root() / "launchers/test_summary.py").string() + "' '" + folder_.string() + "'";
    return lethe::testing::run_command(command);
  }

  fs::path folder_ = fs::path(::testing::TempDir()) / ("summary_" + std::to_string(getpid()));
};

constexpr auto kTwoPassedOneSkipped =
    "<testsuites><testsuite><testcase name='A' classname='S' status='run'/><testcase name='B' classname='S' "
    "status='run'/>"
    "<testcase name='C' classname='S' status='run'><skipped message='x_test.cpp:3&#x0A;needs 2 GPUs, found "
    "0'/></testcase>"
    "</testsuite></testsuites>";

TEST_F(TestSummary, CountsEachGoogleTestAndGivesTheReasonOfASkip) {
  record("<testcase name='x_test' status='run'/>");
  write("x_test.xml", kTwoPassedOneSkipped);
  const auto summary = run();
  EXPECT_THAT(summary.output, ::testing::EndsWith("\n2 passed, 0 failed, 1 skipped\n"));
  EXPECT_THAT(summary.output, ::testing::HasSubstr("S.C: needs 2 GPUs, found 0"));
  EXPECT_EQ(summary.exit_code, 0);
}

TEST_F(TestSummary, AReasonMayComeFromAHeader) {
  record("<testcase name='x_test' status='run'/>");
  write(
      "x_test.xml",
      "<testsuites><testsuite><testcase name='A' classname='S' status='run'/><testcase name='C' "
      "classname='S' "
      "status='run'><skipped message='../tests/cases.h:70&#x0A;needs 1 GPU, found 0'/></testcase></testsuite>"
      "</testsuites>");
  EXPECT_THAT(run().output, ::testing::HasSubstr("S.C: needs 1 GPU, found 0"));
}

TEST_F(TestSummary, ATornResultFileIsAFailure) {
  record("<testcase name='x_test' status='run'/>");
  write("x_test.xml", "<testsuites></testsuites>\n>");
  const auto summary = run();
  EXPECT_THAT(summary.output, ::testing::EndsWith("\n0 passed, 1 failed, 0 skipped\n"));
  EXPECT_EQ(summary.exit_code, 1);
}

TEST_F(TestSummary, AFailedTestFailsTheRun) {
  record("<testcase name='x_test' status='fail'><failure message=''/></testcase>");
  write("x_test.xml",
        "<testsuites><testsuite><testcase name='A' classname='S' status='run'><failure message='1 != 2'/>"
        "</testcase><testcase name='B' classname='S' status='run'/></testsuite></testsuites>");
  const auto summary = run();
  EXPECT_THAT(summary.output, ::testing::EndsWith("\n1 passed, 1 failed, 0 skipped\n"));
  EXPECT_EQ(summary.exit_code, 1);
}

TEST_F(TestSummary, ACrashIsAFailure) {
  record(
      "<testcase name='y_test' status='run'/><testcase name='x_test' status='fail'><failure "
      "message=''/></testcase>");
  const auto summary = run();
  EXPECT_THAT(summary.output, ::testing::EndsWith("\n1 passed, 1 failed, 0 skipped\n"));
  EXPECT_EQ(summary.exit_code, 1);
}

TEST_F(TestSummary, ARankThatFailsBesideGreenTestsIsAFailure) {
  record("<testcase name='x_test.3' status='fail'><failure message=''/></testcase>");
  write("x_test.3.xml", kTwoPassedOneSkipped);
  const auto summary = run();
  EXPECT_THAT(summary.output, ::testing::EndsWith("\n2 passed, 1 failed, 1 skipped\n"));
  EXPECT_EQ(summary.exit_code, 1);
}

TEST_F(TestSummary, AProgramThatIsNotThereIsAFailure) {
  record(
      "<testcase name='y_test' status='run'/>"
      "<testcase name='x_test' status='notrun'><skipped message='Unable to find executable'/></testcase>");
  EXPECT_EQ(run().exit_code, 1);
}

TEST_F(TestSummary, NothingRunIsAFailure) {
  record("");
  const auto summary = run();
  EXPECT_THAT(summary.output, ::testing::EndsWith("\n0 passed, 0 failed, 0 skipped\n"));
  EXPECT_EQ(summary.exit_code, 1);
}

}  // namespace
}  // namespace lethe::structure
