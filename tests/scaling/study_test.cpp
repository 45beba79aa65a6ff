#include "framework/scaling/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/records/writer.h"
#include "framework/scaling/page.h"
#include "tests/records/scratch_folder.h"

namespace lethe::scaling {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

StudyOptions options_in(const std::filesystem::path& folder) {
  return {.file = "train.yaml",
          .settings = {"train.micro_batch=2", "export=true"},
          .ranks = {1, 2},
          .updates = 4,
          .forget_batch = 3,
          .retain_batch = 5,
          .out = folder};
}

// Runs of 10 s / ranks an update (the first ten times that), of 100 tokens a sample.
void write_runs(const std::filesystem::path& folder,
                std::initializer_list<std::pair<int, int>> ranks_and_times, int updates) {
  std::string runs;
  for (const auto& [ranks, times] : ranks_and_times) {
    const std::string name = fmt::format("runs/r{}t{}", ranks, times);
    std::filesystem::create_directories(folder / name);
    records::Writer writer(folder / name / "records.jsonl");
    for (int step = 1; step <= updates; ++step)
      writer.append(records::StepRecord{
          .step = step, .real_tokens = 800 * times, .seconds = (step == 1 ? 100.0 : 10.0) * times / ranks});
    writer.append(records::MemoryRecord{.step = 1, .peak_resident_bytes = 7u << 20});
    runs += (runs.empty() ? "\"" : ", \"") + name + "\"";
  }
  base::write_file_atomically(folder / "cells.json", R"({"cells": [{"runs": [)" + runs + "]}]}");
}

TEST(Study, IsACampaignOfOneStageAWorldThatOnlyTrains) {
  const std::string yaml = campaign_yaml(options_in("out"));
  EXPECT_THAT(yaml, HasSubstr("name: ranks-1-batch-8\n"));
  EXPECT_THAT(yaml, HasSubstr("name: ranks-2-batch-8\n"));
  EXPECT_THAT(yaml, HasSubstr("name: ranks-2-batch-16\n"));
  EXPECT_EQ(yaml.find("ranks-1-batch-8"), yaml.rfind("ranks-1-batch-8"))
      << "both kinds share the run of one rank";
  EXPECT_THAT(yaml, HasSubstr("train.micro_batch: 2\n"));
  EXPECT_THAT(yaml, HasSubstr("train.forget_batch: 6\n"));
  EXPECT_THAT(yaml, HasSubstr("export: false\n"));
  EXPECT_THAT(yaml, Not(HasSubstr("export: true")));
}

// Drawn without replacement, the batch for many ranks would end where its set does.
TEST(Study, DrawsWithReplacementWhateverTheSamplersWere) {
  StudyOptions options = options_in("out");
  options.settings = {"sampler=mrd", "sampler.power=2", "retain_sampler=shuffle",
                      "retain_sampler.replacement=false"};
  const std::string yaml = campaign_yaml(options);
  EXPECT_THAT(yaml, HasSubstr("        sampler: {name: uniform, replacement: true}\n"));
  EXPECT_THAT(yaml, HasSubstr("        retain_sampler: {name: uniform, replacement: true}\n"));
  EXPECT_THAT(yaml, Not(AnyOf(HasSubstr("sampler."), HasSubstr("mrd"), HasSubstr("shuffle"))));
}

// It needs evaluations, and a study has none.
TEST(Study, KeepsNoBestCheckpoint) {
  StudyOptions options = options_in("out");
  options.settings = {"eval.every=2", "checkpoint.keep_best=retain.probability"};
  EXPECT_THAT(campaign_yaml(options), AllOf(HasSubstr("checkpoint.keep_best: \"\"\n"),
                                            HasSubstr("eval.every: 0\n"), Not(HasSubstr("retain."))));
}

TEST(Study, FoldersMayHaveAnyName) {
  const std::string yaml = campaign_yaml(options_in("/out: a # b"));
  EXPECT_THAT(yaml, HasSubstr("cache: \"/out: a # b/cache\"\n"));
}

Scaling strong_study(std::vector<World> worlds) {
  Scaling study{.kind = Kind::strong, .samples = 8, .worlds = std::move(worlds)};
  std::vector<Timing> timings;
  for (const World& world : study.worlds) timings.push_back({world.ranks, world.seconds});
  study.model = fit(study.kind, timings);
  return study;
}

// 1 s + 8 s / ranks, from two ranks on: eight do 2.5 times the work of two, which are taken as ideal.
TEST(Study, WhatIsPredictedHasTheBaselineOfWhatWasMeasured) {
  const std::vector<Scaling> studies = {
      strong_study({{.ranks = 2, .seconds = 5, .tokens_per_second = 160},
                    {.ranks = 4, .seconds = 3, .tokens_per_second = 800.0 / 3}})};
  const std::string csv = scaling_csv(studies);
  EXPECT_THAT(csv, HasSubstr("strong,2,5,160,1,0,true\n"));
  const auto at = csv.find("strong,8,");
  ASSERT_NE(at, std::string::npos);
  EXPECT_NEAR(std::stod(csv.substr(csv.find(",,", at) + 2)), 0.625, 1e-6);
  EXPECT_THAT(scaling_text(studies, 4), HasSubstr("  5.00  "));
  EXPECT_THAT(scaling_page(studies, 4), HasSubstr("where 2 ranks count 2"));
}

// The fit would call strong scaling ideal, and predict it for ever.
TEST(Study, OneWorldPredictsNothing) {
  const std::vector<Scaling> studies = {strong_study({{.ranks = 2, .seconds = 5, .tokens_per_second = 160}})};
  EXPECT_THAT(scaling_text(studies, 2), HasSubstr("nothing is predicted"));
  EXPECT_THAT(scaling_csv(studies), Not(HasSubstr("false")));
  EXPECT_THAT(scaling_json(studies), Not(AnyOf(HasSubstr("predicted"), HasSubstr("model"))));
  EXPECT_THAT(scaling_page(studies, 2),
              AllOf(HasSubstr("nothing is predicted"), Not(HasSubstr(">predicted<"))));
}

TEST(Study, ReadsTheMedianUpdateBehindTheFirst) {
  const records::ScratchFolder folder;
  write_runs(folder.path(), {{1, 1}, {2, 1}, {2, 2}}, 4);
  const auto studies = read_scaling(options_in(folder.path()));
  ASSERT_EQ(studies.size(), 2u);
  EXPECT_DOUBLE_EQ(studies[0].worlds[0].seconds, 10);
  EXPECT_DOUBLE_EQ(studies[0].worlds[1].seconds, 5);
  EXPECT_DOUBLE_EQ(studies[0].worlds[1].tokens_per_second, 160);
  EXPECT_EQ(studies[0].worlds[1].peak_bytes, 7u << 20);
  EXPECT_DOUBLE_EQ(studies[0].efficiency(studies[0].worlds[1]), 1);
  EXPECT_DOUBLE_EQ(studies[1].worlds[1].seconds, 10);
  EXPECT_NEAR(studies[0].model.seconds(8), 1.25, 1e-9);
  EXPECT_THAT(scaling_text(studies, 2), HasSubstr("100 %"));
  EXPECT_THAT(scaling_text(studies, 2), Not(HasSubstr("take turns")));
  EXPECT_THAT(scaling_text(studies, 1), HasSubstr("take turns"));
  EXPECT_THAT(scaling_csv(studies), HasSubstr("strong,2,5,160,1,7340032,true\nstrong,4,2.5,,1,,false\n"));
  EXPECT_THAT(scaling_page(studies, 1), HasSubstr("take turns"));
}

TEST(Study, ARunWithOneUpdateIsRefused) {
  const records::ScratchFolder folder;
  write_runs(folder.path(), {{1, 1}, {2, 1}, {2, 2}}, 1);
  try {
    (void)read_scaling(options_in(folder.path()));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "run.short");
  }
}

}  // namespace
}  // namespace lethe::scaling
