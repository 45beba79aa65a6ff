// The tables of a report, as HTML <table> bodies and as CSV and Markdown with the same numbers.
#pragma once

#include <string>
#include <vector>

#include "framework/report/comparison.h"
#include "framework/report/run_summary.h"

namespace lethe::report {

// Sets × metrics; before, after and change for each run.
[[nodiscard]] std::string change_table(const std::vector<RunSummary>& runs);
// One column a run; rows whose runs differ are marked. `<table>` and, folded, each run's effective
// configuration.
[[nodiscard]] std::string provenance_table(const std::vector<RunSummary>& runs);

// run,tag,step,set,metric,value,standard_error,samples: every aggregate of every evaluation, with the number
// of samples that it was measured on.
[[nodiscard]] std::string metrics_csv(const std::vector<RunSummary>& runs);
[[nodiscard]] std::string change_markdown(const RunSummary& run);

// What the provenance table says of a run, in order: label and value (plain text).
struct Fact {
  std::string label, value;
  bool is_hash = false;
};
[[nodiscard]] std::vector<Fact> facts_of(const RunSummary& run);

}  // namespace lethe::report
