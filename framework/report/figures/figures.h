// The figures of a report. Each is drawn twice, for wide and for narrow pages (a shrunk drawing has
// unreadable text); the page shows the one that fits. An empty `drawings` means that the records hold nothing
// to draw.
#pragma once

#include <string>
#include <vector>

#include "framework/report/comparison.h"
#include "framework/report/run_summary.h"

namespace lethe::report {

struct Drawing {
  std::string caption;       // plain text above it; may be empty
  std::string wide, narrow;  // SVG; equal when one drawing serves both
};

struct Figure {
  std::string id, title, lead;  // `lead`: how to read it, one or two sentences, plain text
  std::string legend;           // HTML
  std::vector<Drawing> drawings;
  std::string numbers;  // an HTML table of what is drawn, for the keyboard and for copying
};

[[nodiscard]] Figure change_figure(
    const std::vector<RunSummary>& runs);  // before → after, one row a set and run
[[nodiscard]] Figure trade_off_figure(const std::vector<RunSummary>& runs);  // forgotten against kept
[[nodiscard]] Figure loss_figure(const std::vector<RunSummary>& runs);       // one small plot a term
[[nodiscard]] Figure difficulty_figure(
    const std::vector<RunSummary>& runs);                                   // sorted MRD with standard errors
[[nodiscard]] Figure coverage_figure(const std::vector<RunSummary>& runs);  // drawn against expected

// What goes with difficulty: rank correlations with their intervals; and MRD against length and loss.
[[nodiscard]] Figure characteristics_figure(const std::vector<RunSummary>& runs);

// One entry a run, in its colour and shape; empty for a single run, which needs none.
[[nodiscard]] std::string run_legend(const std::vector<RunSummary>& runs);

}  // namespace lethe::report
