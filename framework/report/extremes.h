// The easiest and the hardest samples of a forget set, with their texts.
#pragma once

#include <string>

#include "framework/report/run_summary.h"

namespace lethe::report {

// A section with the five samples of largest MRD and the five of smallest, by the run's first scoring; where
// that told no sample from zero (effective_samples 0), it says so instead. Empty where nothing was scored, or
// the records hold the text of none of them (nothing generated, purged, redacted).
[[nodiscard]] std::string extremes_section(const RunSummary& run);

}  // namespace lethe::report
