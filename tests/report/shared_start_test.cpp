#include "framework/report/shared_start.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lethe::report {
namespace {

using namespace records;

EvaluationRecord evaluation(std::string tag, std::string set, double probability) {
  return {.tag = std::move(tag), .set = std::move(set), .aggregates = {{"probability", probability}}};
}

RunSummary run(std::string name, std::string model, std::vector<EvaluationRecord> evaluations) {
  RunSummary run{.name = std::move(name)};
  run.models.push_back({.role = "policy", .hash = std::move(model)});
  run.data.push_back({.set = "forget", .hash = "f"});
  run.evaluations = std::move(evaluations);
  return run;
}

std::vector<RunSummary> two_runs(const std::string& second_model) {
  return {run("mrd", "a", {evaluation("before", "forget", 0.9), evaluation("after", "forget", 0.1)}),
          run("uniform", second_model, {evaluation("after", "forget", 0.2)})};
}

TEST(SharedStart, ARunTakesOverWhatAnotherMeasuredOfTheSameModel) {
  std::vector<RunSummary> runs = two_runs("a");
  share_starts(runs);
  ASSERT_NE(runs[1].before("forget"), nullptr);
  EXPECT_EQ(runs[1].before("forget")->aggregates.at("probability"), 0.9);
  ASSERT_EQ(runs[1].reading_notes.size(), 1u);
  EXPECT_NE(runs[1].reading_notes[0].find("mrd"), std::string::npos);
  EXPECT_EQ(runs[0].reading_notes.size(), 0u);
}

TEST(SharedStart, NothingIsTakenOverFromAnotherModelOrOtherSamples) {
  std::vector<RunSummary> other_model = two_runs("b");
  share_starts(other_model);
  EXPECT_EQ(other_model[1].before("forget"), nullptr);
  std::vector<RunSummary> other_samples = two_runs("a");
  other_samples[1].data[0].selection_hash = "hard ones";
  share_starts(other_samples);
  EXPECT_EQ(other_samples[1].before("forget"), nullptr);
}

// Whether the second run has a "before" where its configuration, and else nothing, differs from the first's.
bool shares_with(const std::string& first_eval, const std::string& second_eval) {
  std::vector<RunSummary> runs = two_runs("a");
  runs[0].run.emplace().config_yaml = first_eval;
  runs[1].run.emplace().config_yaml = second_eval;
  share_starts(runs);
  return runs[1].before("forget") != nullptr;
}

std::string truth_ratio_by(const std::string& aggregator) {
  return fmt::format("eval:\n  metrics:\n    -\n      name: truth_ratio\n      aggregator: {}\n", aggregator);
}

TEST(SharedStart, NothingIsTakenOverFromARunThatMeasuresDifferently) {
  EXPECT_TRUE(shares_with(truth_ratio_by("by_set"), truth_ratio_by("by_set")));
  EXPECT_FALSE(shares_with(truth_ratio_by("by_set"), truth_ratio_by("prob_mean")));
  EXPECT_FALSE(shares_with("eval:\n  max_samples: 0\n", "eval:\n  max_samples: 4\n"));
  EXPECT_FALSE(shares_with("eval:\n  before: true\n", "eval:\n  of_a_later_version: true\n"));
  EXPECT_FALSE(shares_with("data:\n  text:\n    system: a\n", "data:\n  text:\n    system: b\n"));
}

TEST(SharedStart, WhenToMeasureAndWhatFilesAreCalledMakeNoDifference) {
  EXPECT_TRUE(shares_with("eval:\n  before: true\n  after: true\n  every: 0\n  result_name: TOFU\n",
                          "eval:\n  before: false\n  after: false\n  every: 5\n  result_name: MUSE\n"));
}

TEST(SharedStart, NothingIsTakenOverFromAnotherTemplateOrComputeType) {
  std::vector<RunSummary> other_template = two_runs("a");
  other_template[1].data[0].template_hash = "t";
  share_starts(other_template);
  EXPECT_EQ(other_template[1].before("forget"), nullptr);
  std::vector<RunSummary> other_type = two_runs("a");
  other_type[0].run.emplace().compute_dtype = "bfloat16";
  other_type[1].run.emplace().compute_dtype = "float32";
  share_starts(other_type);
  EXPECT_EQ(other_type[1].before("forget"), nullptr);
}

TEST(SharedStart, OneLineSaysWhatCameOfARun) {
  EXPECT_EQ(one_line(two_runs("a")[0]), "mrd: answer probability of forget 0.90 → 0.10");
  EXPECT_EQ(one_line(two_runs("a")[1]), "uniform: answer probability of forget 0.20");
  EXPECT_EQ(one_line(run("planted", "a", {})), "");
}

}  // namespace
}  // namespace lethe::report
