// Two runs against each other: everything in which they differ, by what could explain the numbers: settings,
// code, data, world, then the numbers themselves.
#pragma once

#include <string>

#include "framework/report/run_summary.h"

namespace lethe::report {

// Markdown: one section each for configuration, code, inputs, world and numbers; a section in which the runs
// agree says so.
[[nodiscard]] std::string difference_text(const RunSummary& a, const RunSummary& b);

}  // namespace lethe::report
