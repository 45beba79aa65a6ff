// Single runs as one study (study_of in study.h): runs are repeats of one another only where nothing that
// could change a number differs but the seed.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "framework/base/error.h"
#include "framework/report/settings.h"
#include "framework/report/study/study.h"

namespace lethe::report {
namespace {

using Settings = std::map<std::string, std::string>;

// Where a run lies, how it is kept and spread over ranks; and what has a column of its own.
constexpr std::array<std::string_view, 12> kNoColumn = {
    "name",    "seed",    "cache",     "export",      "device",         "parallel.",
    "report.", "resume.", "timeouts.", "checkpoint.", "objective.name", "sampler.name"};

bool has_no_column(std::string_view key) {
  return std::ranges::any_of(kNoColumn, [&](std::string_view none) {
    return none.ends_with('.') ? key.starts_with(none) : key == none;
  });
}

bool names_a_place(std::string_view key) {
  const auto last = key.substr(key.rfind('.') + 1);
  return last == "path" || last == "from" || last == "scores" || last == "reference" || last == "retain_log";
}

Settings settings_of_run(const RunSummary& run) {
  try {
    return run.run ? settings_of(run.run->config_yaml) : Settings{};
  } catch (const Error&) {
    return {};  // of another version; what can be read is shown
  }
}

std::string value_in(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "" : found->second;
}

// A model that was planted with each seed lies in another folder for each: that says nothing but the seed.
bool follows_the_seed(const std::string& key, const std::vector<Settings>& runs) {
  if (!names_a_place(key)) return false;
  std::map<std::string, std::string> by_seed;
  for (const Settings& run : runs) {
    const auto [known, is_new] = by_seed.try_emplace(value_in(run, "seed"), value_in(run, key));
    if (!is_new && known->second != value_in(run, key)) return false;
  }
  return by_seed.size() < runs.size();  // else every run has a seed of its own, which explains nothing
}

std::vector<std::string> differing(const std::vector<Settings>& runs) {
  std::set<std::string> keys;
  for (const Settings& run : runs)
    for (const auto& [key, value] : run)
      if (!has_no_column(key)) keys.insert(key);
  std::vector<std::string> differing;
  for (const std::string& key : keys) {
    const bool same = std::ranges::all_of(
        runs, [&](const Settings& run) { return value_in(run, key) == value_in(runs.front(), key); });
    if (!same && !follows_the_seed(key, runs)) differing.push_back(key);
  }
  return differing;
}

// One run that counts twice would make an interval too narrow.
void mark_repeated(const Study& study, StudyCell& cell) {
  const auto same = std::ranges::find_if(study.cells, [&](const StudyCell& other) {
    return other.state == "done" && study.values_of(other) == study.values_of(cell) &&
           study.repeat_of(other) == study.repeat_of(cell);
  });
  if (cell.state != "done" || same == study.cells.end()) return;
  cell.state = "repeated";
  cell.error = fmt::format("configured as run {}, with its seed: counts once", same->number);
}

}  // namespace

Study study_of(std::vector<RunSummary> runs) {
  Study study{.name = fmt::format("{} runs", runs.size()), .columns = {{"objective"}, {"sampler"}}};
  std::vector<Settings> settings;
  for (const RunSummary& run : runs) settings.push_back(settings_of_run(run));
  const std::vector<std::string> keys = differing(settings);
  for (const std::string& key : keys) study.columns.push_back({key});
  study.columns.push_back({"seed", true});
  for (std::size_t i = 0; i < runs.size(); ++i) {
    RunSummary& run = runs[i];
    StudyCell cell{.number = i + 1, .state = run.summary ? "done" : "unfinished"};
    for (const std::string& key : keys) cell.choices[key] = value_in(settings[i], key);
    if (run.run) {
      cell.choices["objective"] = run.run->command == "train" ? run.run->objective : run.run->command;
      cell.choices["sampler"] = run.run->sampler;
      cell.choices["seed"] = std::to_string(run.run->seed);
    }
    cell.runs.push_back(std::move(run));
    mark_repeated(study, cell);
    cell.take_metrics();
    study.cells.push_back(std::move(cell));
  }
  return study;
}

}  // namespace lethe::report
