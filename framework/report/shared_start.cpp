#include "framework/report/shared_start.h"

#include <algorithm>
#include <array>
#include <map>

#include "framework/report/comparison.h"
#include "framework/report/html.h"
#include "framework/report/settings.h"

namespace lethe::report {
namespace {

// Every setting of evaluations, also one that is yet to come, but for those that only say when there is one
// and what its files are called; and how samples become tokens.
bool is_of_measuring(const std::string& setting) {
  constexpr std::array changes_no_number{"eval.before", "eval.after", "eval.every", "eval.result_name"};
  if (std::ranges::find(changes_no_number, setting) != changes_no_number.end()) return false;
  return setting.starts_with("eval.") || setting.starts_with("data.text.");
}

// Of what an evaluation "before" depends on: weights, the samples of every set, and how they are measured.
using Start = std::map<std::string, std::string>;

Start start_of(const RunSummary& run) {
  Start start;
  for (const records::ModelRecord& model : run.models)
    if (model.role == "policy") start["model"] = model.hash;
  for (const records::DataRecord& data : run.data)
    start["set " + data.set] = fmt::format("{} {} {}", data.hash, data.selection_hash, data.template_hash);
  if (!run.run) return start;
  start["compute"] = run.run->compute_dtype;
  for (const auto& [path, value] : readable_settings_of(run.run->config_yaml))
    if (is_of_measuring(path)) start[path] = value;
  return start;
}

bool has_before(const RunSummary& run) {
  return std::ranges::any_of(run.evaluations, [](const auto& e) { return e.tag == "before"; });
}

void take_over(RunSummary& run, const RunSummary& from) {
  std::vector<records::EvaluationRecord> evaluations;
  for (const auto& evaluation : from.evaluations)
    if (evaluation.tag == "before") evaluations.push_back(evaluation);
  run.evaluations.insert(run.evaluations.begin(), evaluations.begin(), evaluations.end());
  for (const auto& generation : from.generations)
    if (generation.tag == "before") run.generations.push_back(generation);
  run.reading_notes.push_back(
      fmt::format("Before is as the run {} measured it, which began with the same model.", from.name));
}

}  // namespace

void share_starts(std::vector<RunSummary>& runs) {
  std::vector<std::pair<Start, const RunSummary*>> known;
  for (const RunSummary& run : runs)
    if (has_before(run)) known.emplace_back(start_of(run), &run);
  for (RunSummary& run : runs) {
    if (has_before(run) || run.evaluations.empty()) continue;
    const auto same = std::ranges::find(known, start_of(run), &std::pair<Start, const RunSummary*>::first);
    if (same != known.end()) take_over(run, *same->second);
  }
}

std::string one_line(const RunSummary& run) {
  std::string text;
  for (const Change& c : changes_of(run)) {
    if (c.metric.name != "probability" || !c.after) continue;
    text += fmt::format("{}{} {}{}", text.empty() ? "answer probability of " : ", ", c.set,
                        c.before ? fixed(c.before->mean, 2) + " → " : "", fixed(c.after->mean, 2));
  }
  return text.empty() ? text : run.name + ": " + text;
}

}  // namespace lethe::report
