// Runs that began with the same model need one evaluation of it between them.
#pragma once

#include <string>
#include <vector>

#include "framework/report/run_summary.h"

namespace lethe::report {

// A run without an evaluation "before" takes over that of another run which began with the same weights, read
// the same sets and measured them in the same way (template, compute type, settings of evaluations), and says
// so among its notes.
void share_starts(std::vector<RunSummary>& runs);

// "npo, MRD-weighted: answer probability of forget 0.91 → 0.04, retain 0.90 → 0.81" for the terminal; what
// was not evaluated is left out.
[[nodiscard]] std::string one_line(const RunSummary& run);

}  // namespace lethe::report
