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
using records::text_of;

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
  // LETHE_BROWSER_SHOTS names a folder for screenshots of every page, to be looked at.
  void expect_usable(const std::filesystem::path& page, const std::string& name,
                     std::string more = "") const {
    const std::string log = (folder_ / "log").string();
    if (const char* shots = std::getenv("LETHE_BROWSER_SHOTS"))
      more += fmt::format(" --shots '{}/{}'", shots, name);
    const std::string command =
        fmt::format("python3 '{}/tests/report/check_page.py' '{}' '{}' {} > '{}' 2>&1", LETHE_SOURCE_DIR,
                    chromium(), page.string(), more, log);
    const int status = std::system(command.c_str());
    std::cout << text_of(log);
    EXPECT_EQ(status, 0) << page;
  }
  ScratchFolder folder_;
};

TEST_F(Browser, AStudyOfTwoHundredCellsSortsFiltersAndReads) {
  testing::write_campaign(folder_ / "campaign", 200);
  const ReportFiles files = write_report({folder_ / "campaign"}, folder_ / "campaign");
  // A claim about time only where the machine is known to be idle.
  const char* most = std::getenv("LETHE_MOST_MILLISECONDS");
  expect_usable(files.html, "study",
                std::string("--study") + (most ? fmt::format(" --most-milliseconds {}", most) : ""));
}

TEST_F(Browser, TheOtherPagesReadInBothSchemesAndOnAPhone) {
  testing::write_fixture(folder_ / "mrd");
  testing::write_fixture(folder_ / "uniform",
                         {.name = "npo, uniform", .sampler = "uniform", .forgotten = 0.1});
  const ReportFiles one = write_report({folder_ / "mrd"}, folder_ / "mrd");
  EXPECT_THAT(text_of(one.html),
              HasSubstr("id=\"extremes\""));  // the easiest and hardest samples, with texts
  expect_usable(one.html, "run");
  expect_usable(write_report({folder_ / "mrd", folder_ / "uniform"}, folder_.path()).html, "two-runs");
}

// Two samplers (each with its learning rate and optimizer, as columns of their own) on two strata, two seeds.
std::vector<std::filesystem::path> write_single_runs(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> runs;
  for (const bool is_mrd : {false, true})
    for (const bool is_hard : {false, true})
      for (const std::uint64_t seed : {1, 2}) {
        runs.push_back(folder / fmt::format("run-{}", runs.size()));
        const double luck = 0.01 * static_cast<double>(seed);
        testing::write_fixture(runs.back(), {.name = runs.back().filename(),
                                             .sampler = is_mrd ? "mrd" : "uniform",
                                             .stratum = is_hard ? "hard" : "easy",
                                             .more_config = fmt::format(
                                                 "seed: {}\nmodel:\n  path: runs/planted-{}/model\noptim:\n"
                                                 "  optimizer:\n    name: {}\n  learning_rate: {}\n"
                                                 "score:\n  from: runs/scores-of-the-planted-model/{}\n",
                                                 seed, seed, is_mrd ? "adamw" : "sgd", is_mrd ? 1e-5 : 2e-5,
                                                 is_mrd ? "antithetic" : "jet"),
                                             .seed = seed,
                                             .forgotten = (is_hard ? 0.34 : 0.04) + (is_mrd ? 0 : 0.1) + luck,
                                             .kept = (is_mrd ? 0.81 : 0.74) + 3 * luck});
      }
  return runs;
}

TEST_F(Browser, AStudyOfSingleRunsWithManyColumnsReads) {
  const ReportFiles files = write_report(write_single_runs(folder_.path()), folder_.path());
  EXPECT_NE(text_of(files.html).find("id=\"strata\""), std::string::npos);
  expect_usable(files.html, "study-of-runs", "--study");
}

TEST_F(Browser, AnErasureRecordWithSeveralPurgesReads) {
  testing::write_fixture(folder_ / "mrd");
  const std::string files =
      R"([{"path": "evals/after/TOFU_EVAL.json", "action": "remove", "held": "results of evaluations with their questions and answers"},
          {"path": "cache/0c9d9ca18a75f412ad18d6a785d4cf360c9d9ca18a75f412ad18d6a785d4cf36.0-of-1.tokens", "action": "remove", "held": "tokens and log-probabilities of samples"}])";
  records::write_text(folder_ / "mrd/purge.json", fmt::format(
                                                      R"({{"schema": 1, "purges": [
          {{"time": "2026-01-31T12:00:00Z", "complete": false, "search_afterwards": null, "files": {0}}},
          {{"time": "2026-01-31T12:05:00Z", "complete": true, "files": {0},
            "shared_caches": [{{"path": "/shared/projects/unlearning/cache/0c9d9ca18a75f412ad18d6a785d4cf36.tokens",
                                "action": "remove", "held": "tokens and log-probabilities of samples"}}],
            "search_afterwards": {{"files": 8, "forget_texts": 80, "runs_of_8_token_ids": 2746, "found": 0}}}},
          {{"time": "2026-02-01T08:00:00Z", "complete": true, "files": [],
            "search_afterwards": {{"files": 8, "forget_texts": 0, "runs_of_8_token_ids": 0, "found": 0}}}}]}})",
                                                      files));
  expect_usable(write_erasure(folder_ / "mrd", folder_ / "mrd", {}), "erasure");
  expect_usable(write_erasure(folder_ / "mrd", folder_.path(), {.with_texts = true}), "erasure-with-texts");
}

}  // namespace
}  // namespace lethe::report
