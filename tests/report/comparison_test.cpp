#include "framework/report/comparison.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/report/figures/plot.h"
#include "framework/report/html.h"
#include "framework/report/study/study_table.h"
#include "framework/report/tables.h"

namespace lethe::report {
namespace {

using namespace records;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

EvaluationRecord evaluation(std::string tag, std::int64_t step, std::string set, std::vector<double> values,
                            double aggregate) {
  EvaluationRecord e{
      .tag = std::move(tag), .step = step, .set = std::move(set), .aggregates = {{"probability", aggregate}}};
  for (std::size_t i = 0; i < values.size(); ++i)
    e.samples.push_back({std::to_string(i), static_cast<std::int64_t>(i), {{"probability", values[i]}}});
  return e;
}

RunSummary summary_of(std::vector<Record> records) {
  std::vector<Entry> entries;
  for (Record& record : records) entries.push_back({"t", std::move(record)});
  return summarize("some/run", entries);
}

TEST(Changes, HaveTheErrorOfPairedDifferences) {
  // Samples differ much from each other and little in how they change: the paired error is the small one.
  const auto changes = changes_of(summary_of({evaluation("before", 0, "forget", {0.2, 0.8}, 0.5),
                                              evaluation("after", 9, "forget", {0.1, 0.6}, 0.35)}));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_NEAR(*changes[0].change, -0.15, 1e-12);
  EXPECT_NEAR(*changes[0].before->standard_error, 0.3, 1e-12);
  EXPECT_NEAR(*changes[0].change_error, 0.05, 1e-12);
}

TEST(Changes, GiveNoErrorToAnAggregateThatIsNoMean) {
  const auto changes = changes_of(summary_of({evaluation("before", 0, "forget", {0.2, 0.8}, 0.7),
                                              evaluation("after", 9, "forget", {0.1, 0.6}, 0.6)}));
  EXPECT_FALSE(changes[0].before->standard_error);
  EXPECT_FALSE(changes[0].change_error);
}

TEST(Goals, OfASetThatAUserNamedAreThoseOfWhatIsKept) {
  const Metric probability = metric_named("probability");
  for (const char* set : {"forget", "forget_first"}) EXPECT_EQ(goal_of(probability, set), -1) << set;
  for (const char* set : {"retain", "utility", "retain_knowmem"})
    EXPECT_EQ(goal_of(probability, set), 1) << set;
}

RunSummary with_truth_ratio_by(const std::string& aggregator) {
  RunSummary run;
  run.run.emplace().config_yaml = fmt::format(
      "eval:\n  metrics:\n    -\n      name: rouge\n      set: forget\n    -\n      name: truth_ratio\n"
      "      set: forget\n      aggregator: {0}\n    -\n      name: truth_ratio\n      set: retain\n"
      "      aggregator: {0}\n",
      aggregator);
  return run;
}

TEST(Goals, OfATruthRatioAreThoseOfItsAggregator) {
  const auto goals = [](const std::string& aggregator) {
    const RunSummary run = with_truth_ratio_by(aggregator);
    return std::pair(goal_of(metric_in(run, "forget", "truth_ratio"), "forget"),
                     goal_of(metric_in(run, "retain", "truth_ratio"), "retain"));
  };
  EXPECT_EQ(goals("by_set"), std::pair(1, 1));
  EXPECT_EQ(goals("prob_mean"), std::pair(0, 1));
  EXPECT_EQ(goals("true_better"), std::pair(0, 1));
  EXPECT_EQ(goals("closer_to_1_better"), std::pair(1, 0));
  EXPECT_EQ(goal_of(metric_in({}, "forget", "truth_ratio"), "forget"), 1) << "a run that does not say";
}

TEST(Goals, OfAStudyAreThoseThatEveryCellHas) {
  const Study usual{.cells = {{.runs = {with_truth_ratio_by("by_set")}}}},
      mixed{
          .cells = {{.runs = {with_truth_ratio_by("by_set")}}, {.runs = {with_truth_ratio_by("prob_mean")}}}};
  EXPECT_THAT(goal_arrow(usual, "forget.truth_ratio"), HasSubstr("higher is better"));
  EXPECT_EQ(goal_arrow(mixed, "forget.truth_ratio"), "");
  EXPECT_THAT(goal_arrow(mixed, "retain.truth_ratio"), HasSubstr("higher is better"));
}

TEST(Goals, OfForgetQualityIsMoreThoughItStandsWithTheWholeModel) {
  EXPECT_EQ(goal_of(metric_named("forget_quality"), "model"), 1);
  const std::string table = change_table({summary_of(
      {EvaluationRecord{.tag = "before", .set = "model", .aggregates = {{"forget_quality", 0.1}}},
       EvaluationRecord{
           .tag = "after", .step = 9, .set = "model", .aggregates = {{"forget_quality", 0.7}}}})});
  EXPECT_THAT(table, HasSubstr("title=\"higher is better\""));
  EXPECT_THAT(table, HasSubstr("class=\"change good\">+0.600"));
  EXPECT_THAT(table, Not(HasSubstr("0 samples")));
}

TEST(Changes, CountTheSamplesThatAMetricWasMeasuredOn) {
  EvaluationRecord after = evaluation("after", 9, "forget", {0.2, 0.4, 0.6}, 0.4);
  after.aggregates["rougeL_recall"] = 0.5;
  after.samples[0].values["rougeL_recall"] = 0.5;
  const RunSummary run = summary_of({after});
  const std::string csv = metrics_csv({run}), table = change_table({run});
  EXPECT_THAT(csv, HasSubstr("forget,rougeL_recall,0.5,,1\n"));
  EXPECT_THAT(csv, ContainsRegex("forget,probability,0.4,0.11[0-9]*,3\n"));
  EXPECT_THAT(table, HasSubstr("forget set, 3 samples"));
  EXPECT_THAT(table, HasSubstr("<small>1 sample</small></th>"));
  EXPECT_THAT(table, HasSubstr("title=\"1 sample\">0.500"));
  EXPECT_THAT(table, HasSubstr("title=\"3 samples\">0.400"));
}

TEST(Changes, TakeTheLastEvaluationWhereNoneIsTaggedAfter) {
  const auto run = summary_of({evaluation("before", 0, "forget", {0.9, 0.9}, 0.9),
                               evaluation("step 10", 10, "forget", {0.5, 0.5}, 0.5),
                               evaluation("step 5", 5, "forget", {0.7, 0.7}, 0.7)});
  EXPECT_EQ(run.after("forget")->step, 10);
}

TEST(Summary, CountsAnEvaluationThatWasRepeatedAfterAResumeOnce) {
  const auto run = summary_of(
      {evaluation("step 5", 5, "forget", {0.7}, 0.7), evaluation("step 5", 5, "forget", {0.6}, 0.6)});
  ASSERT_EQ(run.evaluations.size(), 1u);
  EXPECT_EQ(run.evaluations[0].aggregates.at("probability"), 0.6);
}

TEST(TradeOff, PairsForgetWithRetainOfTheSameMoment) {
  const auto points = trade_off_of(
      summary_of({evaluation("before", 0, "forget", {}, 0.9), evaluation("before", 0, "retain", {}, 0.8),
                  evaluation("after", 9, "forget", {}, 0.1), evaluation("after", 9, "retain", {}, 0.7),
                  evaluation("step 5", 5, "forget", {}, 0.4)}),
      "probability");
  ASSERT_EQ(points.size(), 2u) << "step 5 has no retain evaluation";
  EXPECT_EQ(points[1].forget, 0.1);
  EXPECT_EQ(points[1].keep, 0.7);
}

TEST(Coverage, CountsDrawsAgainstTheWeightsThatHeldThen) {
  const SamplerRecord first{.step = 0, .name = "mrd", .weights = {{"a", 0, 0.75}, {"b", 1, 0.25}}};
  const SamplerRecord second{.step = 2, .name = "mrd", .weights = {{"a", 0, 0.5}, {"b", 1, 0.5}}};
  const auto coverage = coverage_of(summary_of(
      {first, second, StepRecord{.step = 1, .forget_ids = {"a", "a", "b", "a"}},
       StepRecord{.step = 2, .forget_ids = {"a", "a"}}, StepRecord{.step = 3, .forget_ids = {"b", "b"}}}));
  ASSERT_EQ(coverage.size(), 2u);
  EXPECT_EQ(coverage[0].id, "a");
  EXPECT_EQ(coverage[0].drawn, 5);
  EXPECT_EQ(coverage[0].expected, 6 * 0.75 + 2 * 0.5);  // after two updates, so from the third on
  EXPECT_EQ(coverage[1].drawn, 3);
}

TEST(Coverage, ExpectsASampleOnceInABatchWithoutReplacement) {
  const SamplerRecord sampler{
      .step = 0, .with_replacement = false, .weights = {{"a", 0, 0.98}, {"b", 1, 0.01}, {"c", 2, 0.01}}};
  const auto coverage = coverage_of(summary_of({sampler, StepRecord{.step = 1, .forget_ids = {"a", "b"}},
                                                StepRecord{.step = 2, .forget_ids = {"a", "c"}}}));
  ASSERT_EQ(coverage.size(), 3u);
  EXPECT_NEAR(coverage[0].expected, 2, 1e-6);
  EXPECT_NEAR(coverage[1].expected, 1, 1e-6);
  EXPECT_NEAR(coverage[2].expected, 1, 1e-6);
}

TEST(Examples, AreSpreadOverTheRowsAnsweredBeforeAndAfter) {
  std::vector<Record> records;
  for (std::int64_t row = 0; row < 100; ++row)
    for (const char* tag : {"before", "after"})
      if (row != 10 || std::string(tag) == "before")
        records.push_back(GenerationRecord{.tag = tag,
                                           .set = "forget",
                                           .id = std::to_string(row),
                                           .row = row,
                                           .question = "q",
                                           .generated = tag});
  const auto examples = examples_of({summary_of(records)}, "forget", 5);
  ASSERT_EQ(examples.size(), 5u);
  EXPECT_LT(examples.front().row, 20);
  EXPECT_GT(examples.back().row, 80);
  for (const Example& e : examples) {
    EXPECT_NE(e.row, 10);
    EXPECT_EQ(e.before, std::vector<std::string>{"before"});
    EXPECT_EQ(e.after, std::vector<std::string>{"after"});
  }
}

TEST(Axis, HasRoundTicksInsideIt) {
  EXPECT_EQ(ticks_of({.low = 0, .high = 1}), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  for (const double scale : {1e-9, 1.0, 3e4})
    for (const double tick : ticks_of({.low = -0.13 * scale, .high = 0.77 * scale})) {
      EXPECT_GE(tick, -0.1301 * scale);
      EXPECT_LE(tick, 0.7701 * scale);
    }
  EXPECT_EQ(ticks_of({.low = 1e-3, .high = 2, .is_logarithmic = true}).size(), 4u);
}

TEST(Axis, OfCountsHasWholeTicks) {
  EXPECT_EQ(ticks_of({.low = 0, .high = 2.2, .is_count = true}), (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(ticks_of({.low = 0, .high = 9.5, .num_ticks = 4, .is_count = true}), (std::vector<double>{0, 5}));
}

TEST(Axis, OfNothingOrOfOneValueIsStillAnAxis) {
  EXPECT_LT(axis_over({}, "x", false).low, axis_over({}, "x", false).high);
  EXPECT_LT(axis_over({0.0}, "x", true).low, axis_over({0.0}, "x", true).high);
  EXPECT_LT(axis_over({3.0, NAN}, "x", false).low, 3.0);
}

TEST(Html, EscapesAndWritesNumbers) {
  EXPECT_EQ(escape("<a b=\"c\">&'\x01"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\uFFFD");
  EXPECT_EQ(number(0.5), "0.500");
  EXPECT_EQ(number(-1.62303e-10), "\u22121.62\u2009\u00D7\u200910\u207B\u00B9\u2070");
  EXPECT_EQ(signed_fixed(0.25, 2), "+0.25");
  EXPECT_EQ(signed_fixed(-0.001, 2), "0.00");
  EXPECT_EQ(grouped(-1234567), "\u22121,234,567");
  EXPECT_EQ(number(NAN), "not a number");
}

TEST(Html, MarksWordsThatTheAnswerHas) {
  EXPECT_EQ(marked_words("An organ & a Clock", "the clock, an hour"),
            "<mark>An</mark> organ &amp; a <mark>Clock</mark>");
}

}  // namespace
}  // namespace lethe::report
