// Two runs sample by sample: scores, sampling weights and results. Samples are named by hashed id; no text.
#pragma once

#include <string>
#include <utility>

#include "framework/report/run_summary.h"

namespace lethe::report {

// Exactly equal, or both not a number.
[[nodiscard]] bool same_number(double a, double b);
// The fewest digits that read back as the number.
[[nodiscard]] std::string shortest(double value);
// Two different numbers with the fewest digits, six or more, that tell them apart.
[[nodiscard]] std::pair<std::string, std::string> told_apart(double a, double b);

// Markdown: of every measure that some samples differ in, how many do, and the largest difference with its
// sample.
[[nodiscard]] std::string samples_section(const RunSummary& a, const RunSummary& b);

}  // namespace lethe::report
