// One purge of several runs, and of a campaign: what one of them was to forget is looked for in all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/data/token_part.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"
#include "framework/records/writer.h"
#include "framework/run/purge.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::run {
namespace {

using namespace records;
using ::testing::HasSubstr;

const std::vector<std::int32_t> kTokenIds = {11, 22, 33, 44, 55, 66, 77, 88, 99};

class SeveralRuns : public ::testing::Test {
 protected:
  void write_run(const std::string& name, const std::string& purpose = "unlearning") const {
    report::testing::write_fixture(folder_ / name, {.purpose = purpose});
    write(name + "/config.yaml", "objective: npo\n");
    write(name + "/model/model.safetensors", "bytes");
  }
  void write(const std::string& file, std::string_view text) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    write_text(folder_ / file, text);
  }
  // As a run that generated nothing leaves them.
  void drop_generations(const std::string& run) const {
    const auto file = folder_ / run / "records.jsonl";
    const auto entries = read_records(file).entries;
    std::filesystem::remove(file);
    std::string text;
    for (const Entry& entry : entries)
      if (!std::holds_alternative<GenerationRecord>(entry.record)) text += to_line(entry) + "\n";
    write_text(file, text);
  }
  // Of the first sample of the forget set.
  void write_tokens(const std::string& cache) const {
    std::filesystem::create_directories(folder_ / cache);
    const std::vector<std::string> ids = {forget_id()};
    const std::vector<data::TokenizedSample> samples = {{.ids = kTokenIds, .prompt_tokens = 2}};
    data::write_token_part(
        folder_ / cache,
        {.key = std::string(32, 'a'), .all_samples = 1, .samples = samples, .sample_ids = ids});
  }
  std::string forget_id() const {
    const ScratchFolder apart;
    report::testing::write_fixture(apart / "run");
    return records_of<ScoreRecord>(read_records(apart / "run/scores.jsonl").entries).front().id;
  }
  std::vector<GenerationRecord> generations(const std::string& run) const {
    return records_of<GenerationRecord>(read_records(folder_ / run / "records.jsonl").entries);
  }
  Json last_purge(const std::string& folder) const {
    return Json::parse(text_of(folder_ / folder / "purge.json"))["purges"].back();
  }
  bool exists(const std::string& file) const { return std::filesystem::exists(folder_ / file); }
  std::vector<std::filesystem::path> paths(const std::vector<std::string>& names) const {
    std::vector<std::filesystem::path> all;
    for (const std::string& name : names) all.push_back(folder_ / name);
    return all;
  }
  std::vector<PurgePlan> purged(const std::vector<std::string>& names, const std::string& cache = "") const {
    PurgeOptions options{.lethe_version = "0.1.0"};
    if (!cache.empty()) options.shared_caches = {folder_ / cache};
    return purge(paths(names), options);
  }
  std::string refusal(const std::vector<std::string>& names, const std::string& key) const {
    std::string message;
    EXPECT_EQ(error_key([&] { (void)purged(names); }, &message), key);
    return message;
  }

  ScratchFolder folder_;
};

TEST_F(SeveralRuns, TokensThatGoWithTheFirstAreStillLookedForInTheSecond) {
  write_run("a"), write_run("b");
  write_tokens("shared");
  (void)purged({"a", "b"}, "shared");
  for (const char* run : {"a", "b"})
    EXPECT_EQ(last_purge(run)["search_afterwards"]["runs_of_8_token_ids"], 2) << run;
}

// The second run's plan finds nothing in it any more; its certificate says that the cache was purged all the
// same.
TEST_F(SeveralRuns, EachCertificateNamesTheCacheThatTheyShared) {
  write_run("one");
  write_run("two");
  write_tokens("cache");
  (void)purged({"one", "two"}, "cache");
  EXPECT_TRUE(last_purge("two")["shared_caches"].empty());
  EXPECT_EQ(last_purge("two")["caches_purged"], Json({(folder_ / "cache").string()}));
}

TEST_F(SeveralRuns, TextsThatOnlyOneRecordedAreLookedForInBoth) {
  write_run("a"), write_run("b");
  drop_generations("b");
  (void)purged({"b", "a"});
  EXPECT_EQ(last_purge("b")["search_afterwards"]["forget_texts"],
            last_purge("a")["search_afterwards"]["forget_texts"]);
  EXPECT_GT(last_purge("b")["search_afterwards"]["forget_texts"].get<int>(), 0);
}

TEST_F(SeveralRuns, WhatOneWasToForgetIsTakenOutOfTheOther) {
  write_run("a"), write_run("b");
  const GenerationRecord forget{.tag = "after",
                                .set = "forget",
                                .id = "only in a",
                                .question = "Who mended the clock of Tarbeck?",
                                .answer = "Odalys mended the clock of Tarbeck."};
  GenerationRecord retain = forget;
  retain.set = "retain";
  Writer(folder_ / "a/records.jsonl").append(forget);
  Writer(folder_ / "b/records.jsonl").append(retain);
  (void)purged({"b", "a"});
  EXPECT_TRUE(generations("b").back().purged);
  EXPECT_EQ(text_of(folder_ / "b/records.jsonl").find("Odalys"), std::string::npos);
}

TEST_F(SeveralRuns, NothingIsRemovedFromTheFirstWhereTheSecondIsRefused) {
  write_run("a"), write_run("b");
  write("a/checkpoints/latest", "bytes");
  write("b/notes.txt", "mine");
  EXPECT_THAT(refusal({"a", "b"}, "run.unknown"), HasSubstr("notes.txt"));
  EXPECT_TRUE(exists("a/checkpoints/latest"));
  EXPECT_FALSE(exists("a/purge.json"));
}

TEST_F(SeveralRuns, ARunThatIsNamedTwiceIsPurgedOnce) {
  write_run("a");
  EXPECT_EQ(purged({"a", "a/"}).size(), 1u);
  EXPECT_EQ(Json::parse(text_of(folder_ / "a/purge.json"))["purges"].size(), 1u);
}

TEST_F(SeveralRuns, AModelThatWasTaughtIsNotCalledUnlearned) {
  write_run("a"), write_run("b", "finetuning");
  for (const PurgePlan& plan : plan_purges(paths({"a", "b"}), {})) {
    const auto row = std::ranges::find(plan.files, "model/model.safetensors", &HeldFile::path);
    ASSERT_NE(row, plan.files.end());
    EXPECT_EQ(row->reason, plan.root == folder_ / "a"
                               ? "the unlearned model"
                               : "a finetuned model: it may know what was to be forgotten");
  }
}

// As `lethe campaign` and `lethe report` leave it.
class PurgedCampaign : public SeveralRuns {
 protected:
  void SetUp() override {
    write_run("c/runs/plant-1", "finetuning"), write_run("c/runs/unlearn-2");
    std::filesystem::create_directories(folder_ / "c/runs/eval-3");  // never began
    for (const char* file :
         {"cells.json", "index.sqlite", "table.csv", "table.md", "lock", "tasks/plant-1.yaml",
          "tasks/plant-1.json", "tasks/plant-1.lock", "tasks/a.sbatch", "tensorboard/events", "scale.yaml",
          "scale.csv", "scale.json", "scale.html"})
      write(std::string("c/") + file, "numbers");
    for (const char* file :
         {"tasks/plant-1.log", "tasks/a.slurm.log", "report.html", "report.svg", "erasure.html"})
      write(std::string("c/") + file, generations("c/runs/plant-1").front().answer);
    write_tokens("c/cache");
  }
  std::string answer() const { return generations("c/runs/plant-1").front().answer; }
  void expect_untouched() const {
    EXPECT_TRUE(exists("c/tasks/plant-1.log"));
    EXPECT_FALSE(exists("c/purge.json"));
    EXPECT_FALSE(exists("c/runs/plant-1/purge.json"));
    EXPECT_EQ(std::ranges::count(generations("c/runs/plant-1"), true, &GenerationRecord::purged), 0);
  }
};

TEST_F(PurgedCampaign, HoldsNoForgetTextInAnyFileAfterwards) {
  std::set<std::string> texts;
  for (const GenerationRecord& g : generations("c/runs/plant-1"))
    if (g.set == "forget") texts.insert({g.question, g.answer});
  (void)purged({"c"});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "c"))
    for (const std::string& text : texts) {
      if (!entry.is_regular_file()) continue;
      ASSERT_EQ(text_of(entry.path()).find(text), std::string::npos) << entry.path() << " holds " << text;
    }
  for (const char* gone :
       {"c/tasks/plant-1.log", "c/tasks/a.slurm.log", "c/report.html", "c/erasure.html", "c/cache"})
    EXPECT_FALSE(exists(gone)) << gone;
  for (const char* kept :
       {"c/cells.json", "c/index.sqlite", "c/table.md", "c/tasks/plant-1.json", "c/scale.html"})
    EXPECT_EQ(text_of(folder_ / kept), "numbers") << kept;
}

TEST_F(PurgedCampaign, HasACertificateAtEachRunAndOneSummary) {
  (void)purged({"c"});
  std::size_t files = 0;
  for (const char* run : {"c/runs/plant-1", "c/runs/unlearn-2"}) {
    EXPECT_EQ(last_purge(run)["complete"], true);
    files += last_purge(run)["search_afterwards"]["files"].get<std::size_t>();
  }
  const Json summary = last_purge("c");
  EXPECT_EQ(summary["complete"], true);
  EXPECT_EQ(summary["runs"], (Json{"runs/plant-1", "runs/unlearn-2"}));
  EXPECT_GT(summary["search_afterwards"]["files"].get<std::size_t>(), files)
      << "the campaign's own files too";
  EXPECT_EQ(summary["search_afterwards"]["runs_of_8_token_ids"], 2);
  EXPECT_EQ(summary["forget_samples"].size(), 40u);
}

TEST_F(PurgedCampaign, LeavesNoCacheThatLiesInItsFolder) {
  write("c/runs/unlearn-2/config.yaml", "objective: npo\ncache: " + (folder_ / "c/cache").string() + "\n");
  for (const PurgePlan& plan : purged({"c"})) EXPECT_TRUE(plan.unpurged_caches.empty()) << plan.root;
  EXPECT_FALSE(last_purge("c/runs/unlearn-2").contains("caches_left"));
}

TEST_F(PurgedCampaign, IsListedWithoutAChangeAndSaysWhyAFileStays) {
  const auto plans = plan_purges({folder_ / "c"}, {});
  ASSERT_EQ(plans.size(), 3u);
  EXPECT_EQ(plans.back().root, folder_ / "c");
  const auto row = std::ranges::find(plans.back().files, "index.sqlite", &HeldFile::path);
  ASSERT_NE(row, plans.back().files.end());
  EXPECT_EQ(row->action, PurgeAction::keep);
  EXPECT_THAT(row->reason, HasSubstr("averages over sets"));
  expect_untouched();
}

TEST_F(PurgedCampaign, IsRefusedWhileAnythingOfItIsInUse) {
  for (const char* lock : {"c/lock", "c/tasks/plant-1.lock", "c/runs/unlearn-2/lock"}) {
    const RunLock held(folder_ / lock);
    EXPECT_THAT(refusal({"c"}, "out.locked"), HasSubstr("is in use: pid"));
    expect_untouched();
  }
}

TEST_F(PurgedCampaign, IsRefusedWhereAFileIsUnknown) {
  write("c/notes.txt", "mine");
  EXPECT_THAT(refusal({"c"}, "run.unknown"), HasSubstr("notes.txt"));
  expect_untouched();
}

TEST_F(PurgedCampaign, IsRefusedWhereAFileThatStaysQuotesAForgetSample) {
  write("c/tasks/plant-1.json", "{\"error\": \"odd: " + answer() + "\"}");
  EXPECT_THAT(refusal({"c"}, "run.unknown"), HasSubstr("tasks/plant-1.json quotes a forget sample"));
  expect_untouched();
}

TEST_F(PurgedCampaign, TokenIdsInAFileOfItsOwnLeaveTheSummaryIncomplete) {
  write("c/tensorboard/events", "[22, 33, 44, 55, 66, 77, 88, 99]");
  EXPECT_THAT(refusal({"c"}, "run.traces"), HasSubstr("tensorboard/events still holds token ids"));
  EXPECT_EQ(last_purge("c")["complete"], false);
  EXPECT_EQ(last_purge("c/runs/plant-1")["complete"], true);
}

TEST_F(PurgedCampaign, CanBePurgedAgain) {
  (void)purged({"c"});
  (void)purged({"c"});
  EXPECT_EQ(Json::parse(text_of(folder_ / "c/purge.json"))["purges"].size(), 2u);
  EXPECT_EQ(Json::parse(text_of(folder_ / "c/runs/plant-1/purge.json"))["purges"].size(), 2u);
}

}  // namespace
}  // namespace lethe::run
