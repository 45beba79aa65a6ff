#include "framework/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "framework/report/expected_uses.h"
#include "framework/report/settings.h"

namespace lethe::report {
namespace {

using namespace records;

const std::vector<Metric>& known_metrics() {
  static const std::vector<Metric> metrics{
      {"probability", "Answer probability",
       "the probability that the model gives to the right answer, per token", -1, 1},
      {"rougeL_recall", "ROUGE-L recall",
       "how much of the right answer, in its order, the model writes when asked", -1, 1},
      {"truth_ratio", "Truth ratio", "whether the model still tells the right answer from wrong ones", 1, 1},
      {"rouge1_recall", "ROUGE-1 recall", "how many words of the right answer the model writes when asked",
       -1, 1},
      {"rougeL_f1", "ROUGE-L F1", "overlap of the written and the right answer, in order", -1, 1},
      {"exact_memorization", "Exact memorisation",
       "share of the answer's tokens that are the model's first choice", -1, 1},
      {"extraction_strength", "Extraction strength", "share of the answer that a prefix of it gives away", -1,
       1},
      {"forget_quality", "Forget quality",
       "p-value: could these answers come from a model that never saw the forget set?", 1, 1},
      {"model_utility", "Model utility", "harmonic mean over what is to be kept", 0, 1},
  };
  return metrics;
}

std::size_t order_of(const std::string& name) {
  const auto found = std::ranges::find(known_metrics(), name, &Metric::name);
  return static_cast<std::size_t>(found - known_metrics().begin());
}

// How the run made one value of the set's truth ratios; where several metrics do, as its records have it, the
// last. Empty where its configuration does not say.
std::string aggregator_of_truth_ratio(const RunSummary& run, std::string_view set) {
  std::string aggregator;
  if (!run.run || run.run->config_yaml.find("aggregator") == std::string::npos) return aggregator;
  auto settings = readable_settings_of(run.run->config_yaml);
  const auto entry = [](std::size_t i) { return fmt::format("eval.metrics[{}].", i); };
  for (std::size_t i = 0; settings.contains(entry(i) + "name"); ++i)
    if (settings[entry(i) + "name"] == "truth_ratio" && settings[entry(i) + "set"] == set)
      aggregator = settings[entry(i) + "aggregator"];
  return aggregator;
}

struct Moments {
  double mean = 0, error = 0;
  std::size_t count = 0;
};

Moments moments_of(const std::vector<double>& values) {
  Moments m{.count = values.size()};
  for (const double v : values) m.mean += v / static_cast<double>(values.size());
  double squares = 0;
  for (const double v : values) squares += (v - m.mean) * (v - m.mean);
  const auto n = static_cast<double>(values.size());
  m.error = values.size() > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  return m;
}

std::vector<double> sample_values(const EvaluationRecord& evaluation, const std::string& metric) {
  std::vector<double> values;
  for (const SampleMetrics& sample : evaluation.samples)
    if (const auto found = sample.values.find(metric); found != sample.values.end())
      values.push_back(found->second);
  return values;
}

bool is_mean_of_samples(const Moments& m, double aggregate) {
  return m.count > 1 && std::abs(m.mean - aggregate) <= 1e-6 * std::max(1.0, std::abs(aggregate));
}

std::optional<Value> value_of(const EvaluationRecord* evaluation, const std::string& metric) {
  if (evaluation == nullptr) return std::nullopt;
  const Moments m = moments_of(sample_values(*evaluation, metric));
  const auto found = evaluation->aggregates.find(metric);
  if (found == evaluation->aggregates.end() && m.count == 0) return std::nullopt;
  const double mean = found != evaluation->aggregates.end() ? found->second : m.mean;
  Value value{.mean = mean, .num_samples = num_measured(*evaluation, metric)};
  if (is_mean_of_samples(m, mean)) value.standard_error = m.error;
  return value;
}

std::optional<double> paired_error(const EvaluationRecord& before, const EvaluationRecord& after,
                                   const std::string& metric) {
  std::map<std::string, double> earlier;
  for (const SampleMetrics& s : before.samples)
    if (const auto found = s.values.find(metric); found != s.values.end()) earlier[s.id] = found->second;
  std::vector<double> differences;
  for (const SampleMetrics& s : after.samples)
    if (const auto found = s.values.find(metric); found != s.values.end() && earlier.contains(s.id))
      differences.push_back(found->second - earlier[s.id]);
  if (differences.size() < 2) return std::nullopt;
  return moments_of(differences).error;
}

Change change_of(const RunSummary& run, const std::string& set, const std::string& metric) {
  const EvaluationRecord *before = run.before(set), *after = run.after(set);
  Change c{.set = set,
           .metric = metric_in(run, set, metric),
           .before = value_of(before, metric),
           .after = value_of(after, metric)};
  if (!c.before || !c.after) return c;
  c.change = c.after->mean - c.before->mean;
  if (c.before->standard_error && c.after->standard_error)
    c.change_error = paired_error(*before, *after, metric);
  return c;
}

std::vector<std::string> metrics_of_set(const RunSummary& run, const std::string& set) {
  std::set<std::string> names;
  for (const EvaluationRecord* e : {run.before(set), run.after(set)})
    if (e != nullptr)
      for (const auto& [name, unused] : e->aggregates) names.insert(name);
  std::vector<std::string> sorted(names.begin(), names.end());
  std::ranges::stable_sort(sorted, {}, order_of);
  return sorted;
}

const EvaluationRecord* same_moment(const RunSummary& run, const EvaluationRecord& other,
                                    std::string_view set) {
  for (const auto& e : run.evaluations)
    if (e.set == set && e.tag == other.tag && e.step == other.step) return &e;
  return nullptr;
}

bool has_metric(const RunSummary& run, const std::string& metric) {
  return !trade_off_of(run, metric).empty();
}

// Steps count from 1, and a sampler record names the updates that were done before it held.
const SamplerRecord* sampler_of(const RunSummary& run, const StepRecord& step) {
  const SamplerRecord* current = nullptr;
  for (const SamplerRecord& sampler : run.samplers)
    if (sampler.step < step.step) current = &sampler;
  return current;
}

using Batches = std::map<std::pair<const SamplerRecord*, std::size_t>, std::int64_t>;

// How many batches of which size each of the run's sampler records governed.
Batches batches_of(const RunSummary& run) {
  Batches batches;
  for (const StepRecord& step : run.steps)
    if (const SamplerRecord* sampler = sampler_of(run, step)) ++batches[{sampler, step.forget_ids.size()}];
  return batches;
}

}  // namespace

Metric metric_named(const std::string& name) {
  const std::size_t at = order_of(name);
  return at < known_metrics().size() ? known_metrics()[at] : Metric{.name = name, .label = name};
}

Metric metric_in(const RunSummary& run, std::string_view set, const std::string& name) {
  Metric metric = metric_named(name);
  if (name != "truth_ratio") return metric;
  // A model that never saw the answers comes close to 1; the others grow with what it knows.
  const std::string aggregator = aggregator_of_truth_ratio(run, set);
  if (aggregator == "closer_to_1_better") metric.goal_on_kept = 0;
  if (aggregator == "prob_mean" || aggregator == "true_better") metric.goal_on_forget = 0;
  return metric;
}

std::size_t num_measured(const records::EvaluationRecord& evaluation, const std::string& metric) {
  const auto count = std::ranges::count_if(
      evaluation.samples, [&](const SampleMetrics& sample) { return sample.values.contains(metric); });
  return count > 0 ? static_cast<std::size_t>(count) : evaluation.samples.size();
}

int goal_of(const Metric& metric, std::string_view set) {
  return is_to_be_forgotten(set) ? metric.goal_on_forget : metric.goal_on_kept;
}

std::string set_label(std::string_view set) {
  if (set == "forget") return "To forget";
  if (set == "retain") return "To keep";
  if (set == "general") return "General knowledge";
  return std::string(set);
}

std::vector<Change> changes_of(const RunSummary& run) {
  std::vector<Change> changes;
  for (const std::string& set : run.evaluated_sets())
    for (const std::string& metric : metrics_of_set(run, set)) changes.push_back(change_of(run, set, metric));
  return changes;
}

std::string trade_off_metric(const std::vector<RunSummary>& runs) {
  for (const std::string metric : {"probability", "rougeL_recall"})
    if (std::ranges::any_of(runs, [&](const RunSummary& run) { return has_metric(run, metric); }))
      return metric;
  return "";
}

std::vector<TradeOffPoint> trade_off_of(const RunSummary& run, const std::string& metric) {
  std::vector<TradeOffPoint> points;
  for (const auto& forget : run.evaluations) {
    if (forget.set != "forget") continue;
    const auto on_forget = value_of(&forget, metric),
               on_retain = value_of(same_moment(run, forget, "retain"), metric);
    if (on_forget && on_retain) points.push_back({forget.tag, forget.step, on_forget->mean, on_retain->mean});
  }
  return points;
}

std::vector<Coverage> coverage_of(const RunSummary& run) {
  std::map<std::string, Coverage> samples;
  for (const auto& [governed, count] : batches_of(run)) {
    const auto& [sampler, size] = governed;
    const std::vector<double> uses = expected_uses(*sampler, size);
    for (std::size_t i = 0; i < uses.size(); ++i) {
      const SampleWeight& w = sampler->weights[i];
      Coverage& sample = samples.try_emplace(w.id, Coverage{.id = w.id, .row = w.row}).first->second;
      sample.expected += uses[i] * static_cast<double>(count);
    }
  }
  for (const StepRecord& step : run.steps) {
    if (sampler_of(run, step) == nullptr) continue;
    for (const std::string& id : step.forget_ids)
      if (const auto found = samples.find(id); found != samples.end()) ++found->second.drawn;
  }
  std::vector<Coverage> coverage;
  for (auto& [id, sample] : samples) coverage.push_back(std::move(sample));
  if (std::ranges::all_of(coverage, [](const Coverage& c) { return c.drawn == 0; })) return {};
  std::ranges::sort(coverage, [](const Coverage& a, const Coverage& b) {
    return std::pair(-a.expected, a.row) < std::pair(-b.expected, b.row);
  });
  return coverage;
}

}  // namespace lethe::report
