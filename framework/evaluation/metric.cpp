#include "framework/evaluation/metric.h"

#include <limits>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/evaluation/mean_over_samples.h"

namespace lethe::evaluation {

std::string_view name_of(Answers answers) {
  return answers == Answers::right ? "answer" : answers == Answers::paraphrased ? "paraphrased" : "perturbed";
}

std::span<const double> AnswerValues::of(std::string_view statistic) const {
  const auto found = statistics.find(statistic);
  LETHE_CHECK(found != statistics.end(), "`{}` was not measured", statistic);
  return found->second;
}

std::span<const double> AnswerValues::inner(std::string_view statistic) const {
  const auto all = of(statistic);
  return all.empty() ? all : all.first(all.size() - 1);
}

double AnswerValues::average_loss() const {
  const auto values = of("log_prob");
  return values.empty() ? std::numeric_limits<double>::quiet_NaN() : -mean(values);
}

Result null_result(std::string reason) {
  Result result;
  result.reason = std::move(reason);
  return result;
}

std::vector<double> values_of(const std::vector<SampleResult>& samples) {
  std::vector<double> values;
  for (const SampleResult& sample : samples)
    if (sample.value) values.push_back(*sample.value);
  return values;
}

const RetainEntry& entry_with_samples(const RetainLog& log, const std::string& metric) {
  const auto found = log.find(metric);
  if (found == log.end() || found->second.samples.empty())
    fail("eval.retain_log", fmt::format("the retain log has no per-sample `{}`", metric),
         "it is the TOFU_EVAL.json of a model trained without the forget set, on the same suite");
  return found->second;
}

const RetainEntry& entry_of(const RetainLog& log, const std::string& metric) {
  const auto found = log.find(metric);
  if (found == log.end())
    fail("eval.retain_log", fmt::format("the retain log has no `{}`", metric),
         "evaluate the retrained model with the same suite");
  return found->second;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) names.emplace_back(entry.name);
  return names;
}

Source read_source(config::Section& section) {
  Source source{.set = "forget"};
  std::string answers = "answer";
  section.optional("set", source.set, "whose samples")
      .choice("answers", answers, {"answer", "paraphrased", "perturbed"}, "which answers to their questions");
  source.answers = answers == "answer"        ? Answers::right
                   : answers == "paraphrased" ? Answers::paraphrased
                                              : Answers::perturbed;
  return source;
}

std::string column_name(std::string_view name, Answers answers) {
  return answers == Answers::right ? std::string(name) : fmt::format("{}_{}", name, name_of(answers));
}

void warn_of_other_samples(std::string_view metric, const Result& result, const RetainEntry& retain) {
  const std::size_t here = (result.parts.empty() ? result : result.parts.front().second).samples.size();
  const std::size_t there = retain.samples.size();
  if (here == 0 || there == 0 || here == there) return;
  base::warn_once("eval.retain_log",
                  fmt::format("{}: a value of {} samples is compared with the retain log's of {}; evaluate "
                              "both with the same eval.max_samples",
                              metric, here, there));
}

std::string no_answers(const Source& source) {
  return fmt::format("{}: no sample has a {}{}", source.set, name_of(source.answers),
                     source.answers == Answers::right ? " to score" : " answer");
}

const std::vector<std::vector<AnswerValues>>& answers_of(const Inputs& inputs, const Source& source) {
  const auto found = inputs.answers.find(source);
  LETHE_CHECK(found != inputs.answers.end(), "{}/{} was not measured", source.set, name_of(source.answers));
  return found->second;
}

std::int64_t row_of(const Inputs& inputs, const std::string& set, std::size_t sample) {
  const auto found = inputs.rows.find(set);
  return found == inputs.rows.end() ? static_cast<std::int64_t>(sample) : found->second[sample];
}

}  // namespace lethe::evaluation
