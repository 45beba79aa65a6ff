// Reports as their readers use them, in a headless Chromium: nothing asked of a network, sorting and
// filtering with the keyboard, both colour schemes, narrow windows. What is checked stands in check_page.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "framework/report/erasure.h"
#include "framework/report/report.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/campaign_fixture.h"
#include "tests/report/fixture.h"

namespace lethe::report {
namespace {

using records::ScratchFolder;

bool succeeds(const std::string& command) {
  return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
}

// LETHE_CHROMIUM, or what is on the path; empty where there is none.
std::string chromium() {
  if (const char* named = std::getenv("LETHE_CHROMIUM")) return named;
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
    if (succeeds(fmt::format("command -v {}", name))) return name;
  return "";
}

class Browser : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!succeeds("python3 --version")) GTEST_SKIP() << "needs python3";
    if (chromium().empty()) GTEST_SKIP() << "needs Chromium: apt install chromium, or set LETHE_CHROMIUM";
  }
  void expect_usable(const std::filesystem::path& page, const std::string& more = "") const {
    const std::string log = (folder_ / "log").string();
    const std::string command =
        fmt::format("python3 '{}/tests/report/check_page.py' '{}' '{}' {} > '{}' 2>&1", LETHE_SOURCE_DIR,
                    chromium(), page.string(), more, log);
    const int status = std::system(command.c_str());
    std::cout << records::text_of(log);
    EXPECT_EQ(status, 0) << page;
  }
  ScratchFolder folder_;
};

TEST_F(Browser, AStudyOfTwoHundredCellsSortsFiltersAndReads) {
  testing::write_campaign(folder_ / "campaign", 200);
  const ReportFiles files = write_report({folder_ / "campaign"}, folder_ / "campaign");
  // A claim about time only where the machine is known to be idle.
  const char* most = std::getenv("LETHE_MOST_MILLISECONDS");
  expect_usable(files.html,
                std::string("--study") + (most ? fmt::format(" --most-milliseconds {}", most) : ""));
}

TEST_F(Browser, TheOtherPagesReadInBothSchemesAndOnAPhone) {
  testing::write_fixture(folder_ / "mrd");
  testing::write_fixture(folder_ / "uniform",
                         {.name = "npo, uniform", .sampler = "uniform", .forgotten = 0.1});
  expect_usable(write_report({folder_ / "mrd"}, folder_ / "mrd").html);
  expect_usable(write_report({folder_ / "mrd", folder_ / "uniform"}, folder_.path()).html);
  expect_usable(write_erasure(folder_ / "mrd", folder_ / "mrd", {}));
}

}  // namespace
}  // namespace lethe::report
