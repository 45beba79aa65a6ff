// A metric as a function of what a model said of the samples: statistics of the tokens of given answers, and
// generated texts. It sees no model and no rank. It declares what it needs; the evaluator measures that once
// for all metrics of a suite. A metric that cannot be computed is null with a reason, never an error and
// never a made-up number.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/config/section.h"
#include "framework/records/fields.h"

namespace lethe::evaluation {

// Which answers to a sample's question.
enum class Answers : std::uint8_t { right, paraphrased, perturbed };
[[nodiscard]] std::string_view name_of(Answers answers);

struct Source {
  std::string set;  // forget, retain, …
  Answers answers = Answers::right;
  auto operator<=>(const Source&) const = default;
};

// What was measured of one answer.
struct AnswerValues {
  std::map<std::string, std::vector<double>, std::less<>> statistics;  // a value a scored token, end included
  std::string text;                                                    // the scored tokens, decoded

  [[nodiscard]] std::span<const double> of(std::string_view statistic) const;
  // The same without the last token: what OpenUnlearning looks at where it means to leave out the end of
  // sequence.
  [[nodiscard]] std::span<const double> inner(std::string_view statistic) const;
  [[nodiscard]] double average_loss() const;  // nats a token; NaN for an answer without tokens
};

// What the model wrote when asked, and what stands in the data.
struct Generation {
  std::string input, ground_truth, text;
};

struct SampleResult {
  std::int64_t index = 0;  // row of the set
  records::Json fields;    // as result files have them: {"prob": …, "avg_loss": …}
  std::optional<double> value;
};

struct Result {
  std::optional<double> value;
  std::string reason;                                 // of a null value
  std::vector<SampleResult> samples;                  // in the set's order
  std::vector<std::pair<std::string, Result>> parts;  // forget and holdout of an attack
};
[[nodiscard]] Result null_result(std::string reason);
// The values of the samples that have one.
[[nodiscard]] std::vector<double> values_of(const std::vector<SampleResult>& samples);

// What a retrained model's TOFU_EVAL.json says of one metric.
struct RetainEntry {
  std::optional<double> value;
  std::map<std::int64_t, std::optional<double>> samples;  // by row; of an attack, the forget set's
};
using RetainLog = std::map<std::string, RetainEntry, std::less<>>;  // by metric

// What a metric compares with. Errors: eval.retain_log where the log lacks it.
[[nodiscard]] const RetainEntry& entry_with_samples(const RetainLog& log, const std::string& metric);
[[nodiscard]] const RetainEntry& entry_of(const RetainLog& log, const std::string& metric);

struct Inputs {
  std::map<Source, std::vector<std::vector<AnswerValues>>> answers;  // by sample, by answer
  std::map<std::string, std::vector<std::int64_t>> rows;             // by set: the samples' rows
  std::map<std::string, std::vector<Generation>> generations;        // by set: of its first samples
  std::map<std::string, Result, std::less<>> results;                // of the suite's earlier metrics
  std::map<std::string, std::string, std::less<>> missing;  // statistics that could not be had, and why
  std::optional<RetainLog> retain;                          // the retrained model's results
};

struct Needs {
  std::map<Source, std::set<std::string>> statistics;  // token statistics, and the two below
  std::set<std::string> generations;                   // sets
  std::vector<std::string> results;                    // names of metrics that stand earlier in the suite
  std::set<std::string> optional_sets;                 // need not be there: the metric is null without them
  bool retain_log = false;                             // the metric is null without one
};
inline constexpr std::string_view kReferenceLogProb = "reference_log_prob";  // of eval.reference's model
inline constexpr std::string_view kGradientNorm = "gradient_norm";           // one value an answer

// Where records and formulas find a metric: a column of a set ("forget.probability"), or, without a set, a
// number of the whole model.
struct Column {
  std::string set, name;
};

struct About {
  std::string_view summary, formula, source, quirks, use;
};

class Metric {
 public:
  virtual ~Metric() = default;
  [[nodiscard]] virtual About about() const = 0;
  [[nodiscard]] virtual Column column() const = 0;
  [[nodiscard]] virtual Needs needs() const = 0;
  [[nodiscard]] virtual Result compute(const Inputs& inputs) const = 0;
  // Before a run is spent on it: that the log has what compute() will ask it for. Errors: eval.retain_log.
  virtual void check_retain_log(const RetainLog&) const {}
};

using Make = std::unique_ptr<Metric>(config::Section);
struct Entry {
  std::string_view name;
  Make* make;
};
[[nodiscard]] std::span<const Entry> registry();
[[nodiscard]] std::vector<std::string> metric_names();

// Says once where `result` and what it is compared with are not of equally many samples (eval.max_samples of
// one of the two).
void warn_of_other_samples(std::string_view metric, const Result& result, const RetainEntry& retain);

// Reads `set` and `answers`.
[[nodiscard]] Source read_source(config::Section& section);
// "probability" of right answers, "probability_perturbed" of others.
[[nodiscard]] std::string column_name(std::string_view name, Answers answers);

}  // namespace lethe::evaluation
