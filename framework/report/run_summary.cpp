#include "framework/report/run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe::report {
namespace {

using namespace records;

int rank_of(std::string_view set) {
  constexpr std::array order{"forget", "retain", "general"};
  const auto found = std::ranges::find(order, set);
  return static_cast<int>(found - order.begin());
}

// A resume may write a record again; the last one is what happened.
template <class T, class Key>
std::vector<T> last_of_each(const std::vector<Entry>& entries, Key key) {
  std::map<decltype(key(T{})), T> latest;
  for (T& record : records_of<T>(entries)) latest[key(record)] = std::move(record);
  std::vector<T> values;
  for (auto& [unused, record] : latest) values.push_back(std::move(record));
  return values;
}

std::vector<Scoring> gather_scorings(const std::vector<Entry>& entries) {
  std::map<std::int64_t, Scoring> by_step;
  for (const auto& header : records_of<ScoringRecord>(entries)) by_step[header.step].header = header;
  for (const auto& score : last_of_each<ScoreRecord>(
           entries, [](const ScoreRecord& s) { return std::tuple(s.step, s.row, s.id); }))
    by_step[score.step].scores.push_back(score);
  std::vector<Scoring> scorings;
  for (auto& [step, scoring] : by_step) {
    scoring.step = step;
    scorings.push_back(std::move(scoring));
  }
  return scorings;
}

template <class T>
std::optional<T> last(const std::vector<T>& values) {
  return values.empty() ? std::nullopt : std::optional<T>(values.back());
}

int tag_order(const EvaluationRecord& e) { return e.tag == "before" ? 0 : e.tag == "after" ? 2 : 1; }

void read_into(const std::filesystem::path& file, std::vector<Entry>& entries,
               std::vector<std::string>& notes) {
  ReadResult result = read_records(file);
  std::ranges::move(result.entries, std::back_inserter(entries));
  const std::string name = file.filename().string();
  if (result.has_torn_end)
    notes.push_back(
        fmt::format("{} ends in half a line, as a killed run leaves it; it was passed over.", name));
  if (result.num_unknown > 0)
    notes.push_back(fmt::format("{} holds {} records of a kind that this version does not know.", name,
                                result.num_unknown));
}

}  // namespace

std::string Scoring::when() const {
  if (step == 0) return "before the first step";
  return fmt::format("after {} update{}", step, step == 1 ? "" : "s");
}

std::vector<ScoreRecord> Scoring::from_easy_to_hard() const {
  std::vector<ScoreRecord> sorted = scores;
  std::erase_if(sorted, [](const ScoreRecord& score) { return !std::isfinite(score.mrd); });
  std::ranges::stable_sort(sorted, std::ranges::greater(), &ScoreRecord::mrd);
  return sorted;
}

const EvaluationRecord* RunSummary::before(std::string_view set) const {
  for (const auto& evaluation : evaluations)
    if (evaluation.tag == "before" && evaluation.set == set) return &evaluation;
  return nullptr;
}

const EvaluationRecord* RunSummary::after(std::string_view set) const {
  const EvaluationRecord* latest = nullptr;
  for (const auto& evaluation : evaluations)  // sorted so that "after" comes last
    if (evaluation.tag != "before" && evaluation.set == set) latest = &evaluation;
  return latest;
}

const DataRecord* RunSummary::data_of(std::string_view set) const {
  const auto found = std::ranges::find(data, set, &DataRecord::set);
  return found == data.end() ? nullptr : &*found;
}

std::vector<std::string> RunSummary::evaluated_sets() const {
  std::vector<std::string> sets;
  for (const auto& evaluation : evaluations)
    if (std::ranges::find(sets, evaluation.set) == sets.end()) sets.push_back(evaluation.set);
  std::ranges::sort(sets, {}, [](const std::string& set) { return std::pair(rank_of(set), set); });
  return sets;
}

RunSummary summarize(const std::filesystem::path& folder, const std::vector<Entry>& entries) {
  RunSummary run{
      .folder = folder,
      .run = last(records_of<RunRecord>(entries)),
      .summary = last(records_of<SummaryRecord>(entries)),
      .models = last_of_each<ModelRecord>(entries, [](const ModelRecord& m) { return m.role; }),
      .data = last_of_each<DataRecord>(entries,
                                       [](const DataRecord& d) { return std::pair(rank_of(d.set), d.set); }),
      .steps = last_of_each<StepRecord>(entries, [](const StepRecord& s) { return s.step; }),
      .samplers = last_of_each<SamplerRecord>(entries, [](const SamplerRecord& s) { return s.step; }),
      .evaluations = last_of_each<EvaluationRecord>(
          entries, [](const EvaluationRecord& e) { return std::tuple(tag_order(e), e.step, e.set); }),
      .generations = records_of<GenerationRecord>(entries),
      .events = records_of<EventRecord>(entries),
      .memory = records_of<MemoryRecord>(entries),
      .scorings = gather_scorings(entries),
      .analysis = last(records_of<AnalysisRecord>(entries))};
  run.name = run.run && !run.run->name.empty()
                 ? run.run->name
                 : std::filesystem::absolute(folder).lexically_normal().filename().string();
  if (!entries.empty()) {
    run.first_time = entries.front().time;
    run.last_time = entries.back().time;
  }
  return run;
}

RunSummary load_run(const std::filesystem::path& folder) {
  const RunPaths paths{folder};
  if (!std::filesystem::exists(paths.records()) && !std::filesystem::exists(paths.scores()))
    fail("run.missing", fmt::format("{} holds no records of a run (records.jsonl)", folder.string()),
         "name the folder that --out named, or the one that `lethe train` printed at its end");
  std::vector<Entry> entries;
  std::vector<std::string> notes;
  // Scores first: the times at both ends are then those of records.jsonl where there is one.
  if (std::filesystem::exists(paths.scores())) read_into(paths.scores(), entries, notes);
  if (std::filesystem::exists(paths.records())) read_into(paths.records(), entries, notes);
  RunSummary run = summarize(folder, entries);
  run.reading_notes = std::move(notes);
  return run;
}

}  // namespace lethe::report
