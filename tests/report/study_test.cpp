// Many runs as one study: intervals, paired differences, the front, the page; and 200 cells stay small.
#include "framework/report/study/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "framework/records/run_directory.h"
#include "framework/records/writer.h"
#include "framework/report/figures/plot.h"
#include "framework/report/report.h"
#include "framework/report/study/groups.h"
#include "framework/report/study/study_figures.h"
#include "framework/report/study/study_page.h"
#include "framework/report/study/study_table.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/campaign_fixture.h"
#include "tests/report/fixture.h"

namespace lethe::report {
namespace {

using records::ScratchFolder;
using records::text_of;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_of;

StudyCell cell_of(std::size_t number, const std::string& sampler, const std::string& seed, double forget,
                  double retain) {
  return {.number = number,
          .choices = {{"sampler", sampler}, {"seed", seed}},
          .state = "done",
          .metrics = {{"forget.probability", forget}, {"retain.probability", retain}}};
}

// mrd forgets more than uniform by 0.1 in every seed and keeps the same; bad is worse in both.
Study small_study() {
  Study study{.name = "small", .columns = {{"sampler"}, {"seed", true}}};
  std::size_t number = 0;
  for (int seed = 1; seed <= 3; ++seed) {
    const double base = 0.1 * seed;
    study.cells.push_back(cell_of(++number, "uniform", std::to_string(seed), base + 0.2, 0.8));
    study.cells.push_back(cell_of(++number, "mrd", std::to_string(seed), base + 0.1, 0.8));
  }
  study.cells.push_back(cell_of(++number, "bad", "1", 0.9, 0.1));
  return study;
}

TEST(Study, IntervalsAreStudentsAndOneValueHasNone) {
  const std::vector<double> values = {1, 2, 3};
  const auto interval = interval_of(values);
  ASSERT_TRUE(interval && interval->half_width);
  EXPECT_DOUBLE_EQ(interval->mean, 2);
  EXPECT_NEAR(*interval->half_width, 4.302652729911275 / std::sqrt(3.0), 1e-9);  // t(2, 0.975) of a table
  EXPECT_FALSE(interval_of(std::vector<double>{1})->half_width);
  EXPECT_FALSE(interval_of(std::vector<double>{NAN}));
}

TEST(Study, DifferencesArePairedOverSeeds) {
  const Study study = small_study();
  const auto groups = groups_of(study);
  ASSERT_EQ(groups.size(), 3u);
  const auto difference = paired_difference(study, groups[1], groups[0], "forget.probability");
  ASSERT_TRUE(difference && difference->half_width);
  EXPECT_NEAR(difference->mean, -0.1, 1e-12);
  EXPECT_LT(*difference->half_width, 1e-9);  // the seeds differ by far more than the samplers do
  const auto single = paired_difference(study, groups[2], groups[0], "forget.probability");
  EXPECT_EQ(single->count, 1u);
  EXPECT_FALSE(single->half_width);
}

TEST(Study, OnlyNumbersOfForgetSetsAreOfSamplesToForget) {
  EXPECT_TRUE(is_to_forget("forget.probability"));
  EXPECT_TRUE(is_to_forget("forget_first.probability"));
  EXPECT_FALSE(is_to_forget("utility.probability"));
  EXPECT_FALSE(is_to_forget("retain_knowmem.rougeL_recall"));
}

TEST(Study, ValuesThatReadAlikeInDifferentColumnsAreDifferentMethods) {
  Study study{.columns = {{"first"}, {"second"}, {"seed", true}}};
  study.cells = {{.number = 1, .choices = {{"first", "a"}, {"seed", "1"}}, .state = "done"},
                 {.number = 2, .choices = {{"second", "a"}, {"seed", "2"}}, .state = "done"},
                 {.number = 3, .choices = {{"second", "a"}, {"seed", "1"}}, .state = "done"}};
  const auto groups = groups_of(study);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].label, "first=a, second=");
  EXPECT_EQ(groups[1].cells.size(), 2u);
}

// An empty text is a choice: cells that made it are no repeats of those that left the setting alone.
TEST(Study, AnEmptyTextIsNotAChoiceThatWasNotMade) {
  const ScratchFolder folder;
  records::write_text(folder.path() / "cells.json",
                      R"({"schema": 1, "name": "c",
          "columns": [{"name": "rate", "is_repeat": false}, {"name": "tag", "is_repeat": false}],
          "cells": [{"number": 1, "choices": {"rate": "1", "tag": ""}, "state": "done", "error": "", "runs": []},
                    {"number": 2, "choices": {"rate": "1"}, "state": "done", "error": "", "runs": []}]})");
  const Study study = load_campaign(folder.path());
  const auto groups = groups_of(study);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].label, "1, \"\"");
  EXPECT_EQ(groups[1].label, "1");
}

// Once every run that agreed in objective and sampler was taken for a repeat, whatever else it had set.
TEST(Study, RunsThatDifferInASettingAreNoRepeats) {
  std::vector<RunSummary> runs;
  for (const int seed : {1, 2, 3})
    for (const char* rate : {"1e-05", "2e-05"})
      runs.push_back(run_of(
          fmt::format("train:\n  learning_rate: {}\nmodel:\n  path: plant-{}\n", rate, seed), seed, 0.5));
  runs.push_back(runs.front());
  const Study study = study_of(runs);
  std::vector<std::string> columns;
  for (const StudyColumn& column : study.columns) columns.push_back(column.name);
  EXPECT_THAT(columns, ::testing::ElementsAre("objective", "sampler", "train.learning_rate", "seed"));
  const auto groups = groups_of(study);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[1].label, "npo, mrd, 2e-05");
  EXPECT_EQ(groups[0].metric("forget.probability").size(), 3u);  // the repeated one does not count
  EXPECT_EQ(study.cells.back().state, "repeated");
  EXPECT_THAT(study.cells.back().error, HasSubstr("configured as run 1"));
}

TEST(Study, AModelsFolderIsAChoiceUnlessTheSeedExplainsIt) {
  std::vector<RunSummary> runs;
  for (const int seed : {1, 2})
    for (const char* model : {"small", "large"})
      runs.push_back(run_of(fmt::format("model:\n  path: {}\n", model), seed, 0.5));
  EXPECT_EQ(groups_of(study_of(runs)).size(), 2u);
  const std::vector<RunSummary> alone = {run_of("model:\n  path: a\n", 1, 0.5),
                                         run_of("model:\n  path: b\n", 2, 0.5)};
  EXPECT_EQ(groups_of(study_of(alone)).size(), 2u);  // nothing tells a seed from a model
}

TEST(Study, AnAxisOverValuesThatDifferByRoundingHasFewTicks) {
  const double value = 0.1 + 0.2;
  EXPECT_LT(ticks_of(axis_over({0.3, value}, "kept", false)).size(), 20u);
}

TEST(Study, TheFrontHoldsWhatNoOtherBeatsInBoth) {
  const Study study = small_study();
  const auto groups = groups_of(study);
  const auto on_front = [&](std::size_t i) {
    return is_on_front(study, groups, groups[i], "forget.probability", "retain.probability");
  };
  EXPECT_FALSE(on_front(0));
  EXPECT_TRUE(on_front(1));
  EXPECT_FALSE(on_front(2));
}

TEST(Study, EveryNumberHasAnIntervalOrSaysThatItHasOneSeed) {
  const std::string table = method_table(small_study());
  EXPECT_THAT(table, HasSubstr("0.400 \u00B1 0.248"));
  EXPECT_THAT(table, HasSubstr("0.900 (one seed)"));
  EXPECT_THAT(table, HasSubstr("<button type=\"button\" class=\"sort\">"));
  EXPECT_THAT(study_csv(small_study()), HasSubstr("bad,forget.probability,0.90000000000000002,,1,"));
  EXPECT_THAT(study_markdown(small_study()), HasSubstr("1 of 3 methods have one seed"));
}

TEST(Study, WithoutAChoiceOfSamplesThereIsNoTableOfThem) {
  EXPECT_TRUE(strata_figure(small_study()).numbers.empty());
}

TEST(Study, IntervalsShowTwoDigitsOfTheirWidth) {
  EXPECT_EQ(interval_text({.mean = 0.5, .half_width = 0.25, .count = 2}), "0.500 \u00B1 0.250");
  EXPECT_EQ(interval_text({.mean = 0.0023625, .half_width = 0.000041, .count = 2}),
            "0.002363 \u00B1 0.000041");
  EXPECT_EQ(interval_text({.mean = 0.5, .half_width = 0, .count = 2}), "0.500 \u00B1 0.000");
  EXPECT_EQ(interval_text({.mean = 0.0209531, .half_width = 1e-15, .count = 2}), "0.021 \u00B1 0.000");
  EXPECT_EQ(interval_text({.mean = 0.5, .count = 1}), "0.500 (one seed)");
}

TEST(Study, EachSampleHasItsScoreItsCourseAndItsAnswersBeforeAndAfter) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  const std::string samples = sample_tables(load_campaign(folder / "campaign"));
  EXPECT_THAT(samples, HasSubstr("said before"));
  EXPECT_THAT(samples, HasSubstr("<svg class=\"spark\""));
  EXPECT_THAT(samples, HasSubstr("<title>step 0: 0.9"));
}

TEST(Study, ASampleHasItsFirstScore) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  Study study = load_campaign(folder / "campaign");
  const std::string before = sample_tables(study);
  for (StudyCell& cell : study.cells)
    for (RunSummary& run : cell.runs) {
      run.scorings.push_back(run.scorings.at(0));
      run.scorings.back().step = 5;
      for (records::ScoreRecord& score : run.scorings.back().scores) score.mrd = 7;
    }
  EXPECT_EQ(sample_tables(study), before);
}

TEST(Study, AScoreOfAModelThatHasUnlearnedInPartIsNoSamplesDifficulty) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  Study late = load_campaign(folder / "campaign"), none = late;
  for (StudyCell& cell : late.cells)
    for (RunSummary& run : cell.runs)
      for (Scoring& scoring : run.scorings) scoring.step = 3;
  for (StudyCell& cell : none.cells)
    for (RunSummary& run : cell.runs) run.scorings.clear();
  EXPECT_EQ(sample_tables(late), sample_tables(none));
}

TEST(Study, TheMethodTableSaysWhatWasBeforeTheTraining) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  const Study study = load_campaign(folder / "campaign");
  EXPECT_THAT(method_table(study), HasSubstr("<tfoot><tr><th scope=\"row\" colspan=\"3\">before training</th>"
                                             "<td>0.917</td>"));
  EXPECT_THAT(study_markdown(study), HasSubstr("| before training |  |  | 0.917 |"));
  EXPECT_THAT(method_table(small_study()), Not(HasSubstr("<tfoot>")));
}

TEST(Study, MarkdownHasThePairedDifferences) {
  EXPECT_THAT(study_markdown(small_study()),
              HasSubstr("| mrd | 3 of 3 | 0.300 \u00B1 0.248 (\u22120.100 \u00B1 0.000) |"));
}

TEST(Study, WhatARunningCellLacksYetIsNotMissing) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  Study study = load_campaign(folder / "campaign");
  study.cells[0].state = "running";
  study.cells[0].runs[0].summary.reset();
  for (const std::string& note : missing_from(study))
    EXPECT_THAT(note, Not(HasSubstr("did not end"))) << note;
}

TEST(Study, WhiskersEndWhereNoValueCanLie) {
  Study study{.columns = {{"sampler"}, {"seed", true}}};
  study.cells = {cell_of(1, "mrd", "1", 0.1, 0.7), cell_of(2, "mrd", "2", 0.9, 0.9)};
  const std::string svg = pareto_svg(study);
  EXPECT_THAT(svg, HasSubstr(">0.5")) << "ticks of an axis from 0 to 1";
}

TEST(Study, WhatAnotherStageScoredIsNotMissing) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 1);
  Study study = load_campaign(folder / "campaign");
  RunSummary scored = study.cells[0].runs[0];
  study.cells[0].runs[0].scorings.clear();
  const auto lacks_scores = [&] {
    const auto notes = missing_from(study);
    return std::ranges::any_of(
        notes, [](const std::string& n) { return n.find("not scored") != std::string::npos; });
  };
  EXPECT_TRUE(lacks_scores());
  scored.run->command = "score";
  study.cells[0].runs.insert(study.cells[0].runs.begin(), scored);
  EXPECT_FALSE(lacks_scores());
}

// A stage that evaluates calls its numbers "before": it trains nothing. They are of the model that came out.
TEST(Study, WhatALaterStageMeasuredIsWhatTheTrainingLeft) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  Study one_stage = load_campaign(folder / "campaign"), two_stages = one_stage;
  const auto is_not_after = [](const auto& record) { return record.tag != "after"; };
  for (StudyCell& cell : one_stage.cells)
    for (RunSummary& run : cell.runs) {
      std::erase_if(run.evaluations, is_not_after);
      std::erase_if(run.generations, is_not_after);
      run.scorings.clear();
    }
  for (StudyCell& cell : two_stages.cells) {
    if (cell.runs.empty()) continue;
    RunSummary& trained = cell.runs[0];
    RunSummary measured = trained, scored = trained;
    measured.run->command = "eval";
    measured.steps.clear();
    std::erase_if(measured.evaluations, is_not_after);
    std::erase_if(measured.generations, is_not_after);
    for (auto& evaluation : measured.evaluations) evaluation.tag = "before";
    for (auto& generation : measured.generations) generation.tag = "before";
    scored.run->command = "score";  // of the model that came out: no sample's difficulty
    for (RunSummary* run : {&trained, &scored}) {
      run->evaluations.clear();
      run->generations.clear();
    }
    measured.scorings.clear();
    trained.scorings.clear();
    cell.runs = {trained, measured, scored};
  }
  EXPECT_THAT(sample_tables(one_stage), HasSubstr("<tr><td data-v=\"1\">1</td>")) << "rows are told";
  EXPECT_EQ(sample_tables(two_stages), sample_tables(one_stage));
  const std::vector<std::string> notes = missing_from(two_stages);
  EXPECT_THAT(notes, Contains("The forget set was not evaluated before the run."));
  EXPECT_THAT(notes, Not(Contains("The forget set was not evaluated after the run.")));
}

TEST(Study, ARunThatWasStartedTwiceDoesNotLoseItsPair) {
  Study study = small_study();
  const StudyCell unfinished{
      .number = 9, .choices = {{"sampler", "uniform"}, {"seed", "1"}}, .state = "unfinished"};
  study.cells.insert(study.cells.begin(), unfinished);
  const auto groups = groups_of(study);
  const auto difference = paired_difference(study, groups[1], groups[0], "forget.probability");
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->count, 3u);
}

TEST(Study, OnlyCellsThatAreDoneHaveNumbers) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  std::string cells = text_of(folder / "campaign/cells.json");
  cells.replace(cells.find("\"done\""), 6, "\"failed\"");
  records::write_text(folder / "campaign/cells.json", cells);
  const Study study = load_campaign(folder / "campaign");
  EXPECT_TRUE(study.cells[0].metrics.empty());
  EXPECT_FALSE(study.cells[1].metrics.empty());
  EXPECT_EQ(groups_of(study)[0].num_measured(), 1u);
}

TEST(Study, WhatAnEarlierStageMeasuredIsNotTheCellsOwn) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 2);
  const records::RunPaths last{folder / "campaign/runs/run-1"};  // trained, and evaluated before only
  std::filesystem::remove_all(folder / "campaign/runs/run-1");
  std::filesystem::create_directories(folder / "campaign/runs/run-1");
  {
    records::Writer writer(last.records());
    writer.append(records::RunRecord{.command = "train"});
    writer.append(
        records::EvaluationRecord{.tag = "before", .set = "forget", .aggregates = {{"probability", 0.9}}});
  }
  std::string cells = text_of(folder / "campaign/cells.json");
  const auto at = cells.rfind("\"runs/run-1\"");
  cells.insert(at, "\"runs/run-0\",");
  records::write_text(folder / "campaign/cells.json", cells);
  const Study study = load_campaign(folder / "campaign");
  ASSERT_EQ(study.cells[1].runs.size(), 2u);
  EXPECT_TRUE(study.cells[1].metrics.empty());
}

TEST(Study, ACampaignsPageHasEverySectionAndShowsWhatFailed) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 10);
  const ReportFiles files = write_report({folder / "campaign"}, folder / "campaign");
  const std::string html = text_of(files.html);
  for (const char* id :
       {"methods-section", "pareto", "samplers", "curves", "cells", "samples", "provenance", "missing"})
    EXPECT_THAT(html, HasSubstr("<section id=\"" + std::string(id) + "\"")) << id;
  EXPECT_THAT(html, HasSubstr("Cell 11 is failed: error[num.nonfinite]: loss NaN"));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, Not(HasSubstr("http://")));
  EXPECT_THAT(text_of(folder / "campaign/report.svg"), HasSubstr("xmlns"));
}

TEST(Study, TwoHundredCellsStayBelowTenMegabytes) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 200);
  const ReportFiles files = write_report({folder / "campaign"}, folder / "campaign");
  EXPECT_LT(std::filesystem::file_size(files.html), 10u << 20);
  EXPECT_GT(std::filesystem::file_size(files.html), 100u << 10);
}

TEST(Study, RedactionLeavesOutEveryForgetText) {
  const ScratchFolder folder;
  testing::write_campaign(folder / "campaign", 4);
  std::vector<std::string> texts;
  for (const auto& g : load_run(folder / "campaign/runs/run-0").generations)
    if (g.set == "forget") texts.push_back(g.question);
  ASSERT_FALSE(texts.empty());
  const auto holds = [&](const ReportOptions& options) {
    const std::string html = text_of(write_report({folder / "campaign"}, folder / "campaign", options).html);
    return std::ranges::count_if(texts,
                                 [&](const std::string& t) { return html.find(t) != std::string::npos; });
  };
  EXPECT_GT(holds({}), 0);
  EXPECT_EQ(holds({.redact_forget = true}), 0);
  EXPECT_TRUE(redacts_forget("seed: 1\nreport:\n  redact: forget\n"));
  EXPECT_FALSE(redacts_forget("seed: 1\nreport:\n  redact: nothing\n"));
}

}  // namespace
}  // namespace lethe::report
