// Many runs as one study: cells that differ in named choices, and repeats that differ in a seed. Read from a
// campaign's cells.json, or made of single runs by what their configurations differ in.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "framework/report/run_summary.h"

namespace lethe::report {

struct StudyColumn {
  std::string name;  // "sampler"
  bool is_repeat = false;
};

struct StudyCell {
  std::size_t number = 0;
  std::map<std::string, std::string> choices;
  std::string state, error;      // done, failed, blocked, waiting, invalid, unfinished, repeated; why
  std::vector<RunSummary> runs;  // in the order of its stages
  // "forget.probability": of the last stage that evaluated, from the last training on; none unless done.
  std::map<std::string, double> metrics;
  // Which samples to forget those numbers are of where the training had others: "all 40 samples, not easy by
  // mrd, 10 of 40"; empty where they are the same, or records do not tell.
  std::string measured_on;
  std::string measured_hash;  // of those samples

  // The run that says the method: the last that trained, else the last.
  [[nodiscard]] const RunSummary* main_run() const;
  [[nodiscard]] bool has_trained() const;
  // Of a stage behind the main run: what it says, even before itself, is of the model that came out.
  [[nodiscard]] bool is_behind_main(const RunSummary& run) const { return &run > main_run(); }
  // The run that the numbers are of: the last that evaluated, of those that trained and the stages behind.
  [[nodiscard]] const RunSummary* measuring_run() const;
  // What it says of the model that came out, or nothing.
  [[nodiscard]] const records::EvaluationRecord* measured(std::string_view set) const;
  void take_metrics();  // and what they are of, from `runs`
  [[nodiscard]] std::string choice(const std::string& column) const;
};

struct Study {
  std::string name;
  std::filesystem::path folder;
  std::vector<StudyColumn> columns;
  std::vector<StudyCell> cells;

  // "npo, mrd (floor=0.1)": what a cell chose beside its repeat.
  [[nodiscard]] std::string label_of(const StudyCell& cell) const;
  // "sampler=mrd, rate=": where short labels are alike.
  [[nodiscard]] std::string long_label_of(const StudyCell& cell) const;
  // One for each column that is no repeat: cells that have the same are repeats of one another.
  [[nodiscard]] std::vector<std::string> values_of(const StudyCell& cell) const;
  [[nodiscard]] std::string repeat_of(const StudyCell& cell) const;
};

[[nodiscard]] bool is_campaign_folder(const std::filesystem::path& folder);
// Errors: run.missing, campaign.cells (damaged file), those of the records reader.
[[nodiscard]] Study load_campaign(const std::filesystem::path& folder);
// Columns: objective, sampler, every setting in which the runs differ (but how they are kept and spread over
// ranks), and the seed. A run that repeats another one is shown and does not count.
[[nodiscard]] Study study_of(std::vector<RunSummary> runs);

}  // namespace lethe::report
