// The second half of comparison.h: which questions a report shows, and what it must say that it lacks.
#include <algorithm>
#include <set>

#include "framework/report/comparison.h"

namespace lethe::report {
namespace {

using namespace records;

const GenerationRecord* generation(const RunSummary& run, const std::string& id, bool is_before) {
  const GenerationRecord* latest = nullptr;
  for (const GenerationRecord& g : run.generations)
    if (g.id == id && (g.tag == "before") == is_before) latest = &g;
  return latest;
}

// Rows (with their ids) of the set that some run answered both before and after.
std::map<std::int64_t, std::string> answered_rows(const std::vector<RunSummary>& runs, std::string_view set) {
  std::map<std::int64_t, std::string> rows;
  for (const RunSummary& run : runs) {
    std::set<std::string> asked_before, asked_after;
    for (const auto& g : run.generations) (g.tag == "before" ? asked_before : asked_after).insert(g.id);
    for (const auto& g : run.generations)
      if (g.set == set && asked_before.contains(g.id) && asked_after.contains(g.id))
        rows.emplace(g.row, g.id);
  }
  return rows;
}

Example example_of(const std::vector<RunSummary>& runs, std::string_view set, std::int64_t row,
                   const std::string& id) {
  Example example{.set = std::string(set), .id = id, .row = row};
  for (const RunSummary& run : runs) {
    const GenerationRecord *before = generation(run, id, true), *after = generation(run, id, false);
    example.before.push_back(before ? before->generated : "");
    example.after.push_back(after ? after->generated : "");
    if (const auto* any = after ? after : before; any != nullptr && example.question.empty()) {
      example.question = any->question;
      example.answer = any->answer;
      example.purged = any->purged;
    }
  }
  return example;
}

void note_provenance(const RunSummary& run, std::vector<std::string>& notes) {
  if (!run.run)
    notes.push_back("There is no run record: the command, the versions and the hashes are not known.");
  else if (run.run->git_commit.empty())
    notes.push_back("The commit of the program is not recorded.");
  else if (run.run->git_commit.ends_with("dirty"))
    notes.push_back("The program was built from sources that were changed after their commit.");
  if (!run.summary && !run.steps.empty())
    notes.push_back(
        fmt::format("The run did not end by itself: its last recorded step is {}.", run.steps.back().step));
}

// The first samples of a set stand for all where eval.max_samples says so.
void note_parts_of_sets(const RunSummary& run, std::vector<std::string>& notes) {
  for (const records::DataRecord& data : run.data) {
    const records::EvaluationRecord* after = run.after(data.set);
    if (after == nullptr || after->samples.empty()) continue;
    const auto looked_at = static_cast<std::int64_t>(after->samples.size());
    if (looked_at < data.num_samples)
      notes.push_back(fmt::format("Of the {} samples of the {} set, {} were evaluated after the run.",
                                  data.num_samples, data.set, looked_at));
  }
}

void note_evaluations(const RunSummary& run, std::vector<std::string>& notes) {
  if (run.evaluations.empty()) {
    notes.push_back("Nothing was evaluated, so nothing is said about what was forgotten or kept.");
    return;
  }
  for (const std::string set : {"forget", "retain", "general"}) {
    if (!run.before(set)) notes.push_back(fmt::format("The {} set was not evaluated before the run.", set));
    if (!run.after(set)) notes.push_back(fmt::format("The {} set was not evaluated after the run.", set));
  }
  note_parts_of_sets(run, notes);
  const auto measured = changes_of(run);
  const auto lacks = [&](const char* metric) {
    return std::ranges::none_of(measured, [&](const Change& c) { return c.metric.name == metric; });
  };
  if (lacks("forget_quality"))
    notes.push_back("No model that never saw the forget set was compared with (forget quality).");
  notes.push_back(
      "Attacks that try to bring the knowledge back (relearning, quantisation, other wordings) were not "
      "recorded: "
      "low numbers here say that the model does not tell, not that it cannot.");
}

void note_measurements(const RunSummary& run, std::vector<std::string>& notes) {
  if (run.scorings.empty()) notes.push_back("The forget set was not scored: no difficulties, no error bars.");
  for (const Scoring& scoring : run.scorings) {
    const auto unresolved =
        std::ranges::count_if(scoring.scores, [](const ScoreRecord& s) { return !s.resolved; });
    if (scoring.saw_nothing())
      notes.push_back(
          fmt::format("The scoring at step {} saw nothing: none of its {} scores says how hard a "
                      "sample is.",
                      scoring.step, scoring.scores.size()));
    else if (unresolved > 0)
      notes.push_back(
          fmt::format("{} of {} scores at step {} are within three standard errors of zero (unresolved).",
                      unresolved, scoring.scores.size(), scoring.step));
  }
  if (!run.steps.empty() && coverage_of(run).empty())
    notes.push_back("The steps do not say which samples they drew, so the sampler's coverage is not shown.");
  for (const EventRecord& event : run.events)
    if (event.level != "info") notes.push_back(fmt::format("The run recorded: {}", event.message));
}

}  // namespace

std::vector<Example> examples_of(const std::vector<RunSummary>& runs, std::string_view set,
                                 std::size_t count) {
  const auto rows = answered_rows(runs, set);
  const std::vector<std::pair<std::int64_t, std::string>> all(rows.begin(), rows.end());
  std::vector<Example> examples;
  const std::size_t shown = std::min(count, all.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& [row, id] =
        all[(2 * i + 1) * all.size() / (2 * shown)];  // the middles of `shown` equal stretches
    examples.push_back(example_of(runs, set, row, id));
  }
  return examples;
}

std::vector<std::string> missing_from(const RunSummary& run) {
  std::vector<std::string> notes = run.reading_notes;
  note_provenance(run, notes);
  note_evaluations(run, notes);
  note_measurements(run, notes);
  if (std::ranges::any_of(run.generations, &GenerationRecord::purged))
    notes.push_back(
        "The texts of the forget set were purged from the records; only scores by hashed id remain.");
  return notes;
}

}  // namespace lethe::report
