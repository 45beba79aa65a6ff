// Two runs against each other: everything in which they differ, by what could explain the numbers: settings,
// code, data, world, then the numbers themselves and the samples behind them.
#pragma once

#include <string>

#include "framework/report/run_summary.h"

namespace lethe::report {

// Markdown: where the updates part, then one section each for configuration, code, inputs, world, numbers and
// samples; a section in which the runs agree says so. Numbers agree where they are equal to the last bit.
[[nodiscard]] std::string difference_text(const RunSummary& a, const RunSummary& b);

}  // namespace lethe::report
