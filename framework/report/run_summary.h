// One run as its records tell it: everything a report says comes from here, and this comes from nothing but
// records.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/records/record.h"

namespace lethe::report {

struct Scoring {
  std::optional<records::ScoringRecord> header;
  std::int64_t step = 0;
  std::vector<records::ScoreRecord> scores;  // in row order

  // "before the first step", "after 3 updates"
  [[nodiscard]] std::string when() const;

  // Largest MRD first; without samples whose MRD is no finite number.
  [[nodiscard]] std::vector<records::ScoreRecord> from_easy_to_hard() const;

  // It told no sample from zero: all count the same, whatever was recorded of each.
  [[nodiscard]] bool saw_nothing() const {
    return header && header->effective_samples == 0 && !scores.empty();
  }
};

struct RunSummary {
  std::string name;  // of the run record, or the folder's
  std::filesystem::path folder;
  std::optional<records::RunRecord> run;  // the latest: a resumed run has several
  std::optional<records::SummaryRecord> summary;
  std::vector<records::ModelRecord> models;
  std::vector<records::DataRecord> data;
  std::vector<records::StepRecord> steps;  // by step; the last record of a step counts
  std::vector<records::SamplerRecord> samplers;
  std::vector<records::EvaluationRecord> evaluations;  // one for each tag and set, by step
  std::vector<records::GenerationRecord> generations;
  std::vector<records::EventRecord> events;
  std::vector<records::MemoryRecord> memory;
  std::vector<Scoring> scorings;  // by step
  std::optional<records::AnalysisRecord> analysis;
  std::string first_time, last_time;       // of the records, UTC
  std::vector<std::string> reading_notes;  // torn ends, unknown kinds

  [[nodiscard]] const records::EvaluationRecord* before(std::string_view set) const;
  // Tagged "after", or else the latest evaluation of a later step.
  [[nodiscard]] const records::EvaluationRecord* after(std::string_view set) const;
  // Nothing where the records do not describe it.
  [[nodiscard]] const records::DataRecord* data_of(std::string_view set) const;
  // The sets that were evaluated: forget, retain, general, then others by name.
  [[nodiscard]] std::vector<std::string> evaluated_sets() const;
};

// Errors: run.missing (no records in the folder), and those of records::read_records.
[[nodiscard]] RunSummary load_run(const std::filesystem::path& folder);

// The same from entries in memory.
[[nodiscard]] RunSummary summarize(const std::filesystem::path& folder,
                                   const std::vector<records::Entry>& entries);

}  // namespace lethe::report
