// What the numbers of runs say beside each other: changes with their errors, trade-off points, coverage,
// examples.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "framework/report/run_summary.h"

namespace lethe::report {

struct Metric {
  std::string name, label, meaning;
  int goal_on_forget = 0, goal_on_kept = 0;  // +1: higher is better, -1: lower, 0: not known
};

// What is known of a metric by its name; an unknown one keeps its name as label and has no goal.
[[nodiscard]] Metric metric_named(const std::string& name);
// The same, as the run measured it: a truth ratio has a goal on a set only where its aggregator gives it one.
[[nodiscard]] Metric metric_in(const RunSummary& run, std::string_view set, const std::string& name);
[[nodiscard]] int goal_of(const Metric& metric, std::string_view set);
[[nodiscard]] std::string set_label(std::string_view set);  // "To forget", "To keep", "General knowledge"

struct Value {
  double mean = 0;
  std::optional<double>
      standard_error;           // over samples, where the aggregate is the mean of its samples' values
  std::size_t num_samples = 0;  // that it was measured on
};

// Samples that have a value of the metric; all that were looked at where it has none for single samples.
[[nodiscard]] std::size_t num_measured(const records::EvaluationRecord& evaluation,
                                       const std::string& metric);

struct Change {
  std::string set;
  Metric metric;
  std::optional<Value> before, after;
  std::optional<double> change, change_error;  // the error is that of the mean paired difference
};

// Every set and metric of the run: probability, ROUGE-L recall and truth ratio first.
[[nodiscard]] std::vector<Change> changes_of(const RunSummary& run);

struct TradeOffPoint {
  std::string tag;
  std::int64_t step = 0;
  double forget = 0, keep = 0;  // the same metric on both sets
};

// The metric that both sets have: probability, or else ROUGE-L recall; empty if none.
[[nodiscard]] std::string trade_off_metric(const std::vector<RunSummary>& runs);
[[nodiscard]] std::vector<TradeOffPoint> trade_off_of(const RunSummary& run, const std::string& metric);

struct Coverage {
  std::string id;
  std::int64_t row = 0;
  std::int64_t drawn = 0;
  double expected = 0;  // uses that the sampler's weights say, over the batches that they governed
};

// By expected draws, most first. Empty if steps do not name their samples or no sampler record says the
// weights.
[[nodiscard]] std::vector<Coverage> coverage_of(const RunSummary& run);

struct Example {
  std::string set, id;
  std::int64_t row = 0;
  std::string question, answer;
  bool purged = false;
  std::vector<std::string> before, after;  // one for each run; empty where a run did not generate it
};

// `count` samples of `set`, spread evenly over the rows that were asked before and after.
[[nodiscard]] std::vector<Example> examples_of(const std::vector<RunSummary>& runs, std::string_view set,
                                               std::size_t count);

// What a reader might expect and will not find, in whole sentences.
[[nodiscard]] std::vector<std::string> missing_from(const RunSummary& run);

}  // namespace lethe::report
