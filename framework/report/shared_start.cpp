#include "framework/report/shared_start.h"

#include <algorithm>
#include <map>

#include "framework/report/comparison.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

// Of what an evaluation "before" depends on: weights, and the samples of every set.
std::map<std::string, std::string> start_of(const RunSummary& run) {
  std::map<std::string, std::string> start;
  for (const records::ModelRecord& model : run.models)
    if (model.role == "policy") start["model"] = model.hash;
  for (const records::DataRecord& data : run.data) start["set " + data.set] = data.hash + data.selection_hash;
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
  for (RunSummary& run : runs) {
    if (has_before(run) || run.evaluations.empty()) continue;
    const auto other = std::ranges::find_if(runs, [&](const RunSummary& candidate) {
      return has_before(candidate) && start_of(candidate) == start_of(run);
    });
    if (other != runs.end()) take_over(run, *other);
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
