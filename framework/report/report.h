// `lethe report DIR…`: from the records of one or several runs to one self-contained HTML file (no network,
// no script), with Markdown and CSV of the same numbers beside it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "framework/report/run_summary.h"

namespace lethe::report {

// Complete HTML document. At least one run.
[[nodiscard]] std::string render_html(const std::vector<RunSummary>& runs);
// Titles, the summary, the before/after table of each run, and what is missing.
[[nodiscard]] std::string render_markdown(const std::vector<RunSummary>& runs);

// What was done and what came of it, in two or three plain sentences.
[[nodiscard]] std::string plain_summary(const RunSummary& run);

struct ReportFiles {
  std::filesystem::path html, markdown, csv;
  std::vector<std::string> lines = {};  // what came of each run that was evaluated, for the terminal
};

struct ReportOptions {
  bool redact_forget =
      false;  // leave out every text of the forget set, whatever the runs' configurations say
};

// Whether an effective configuration says `report: {redact: forget}`.
[[nodiscard]] bool redacts_forget(std::string_view config_yaml);

// Reads run directories, or one campaign's, then makes `out` and writes report.html, report.md and report.csv
// into it, with TensorBoard's event files below tensorboard/. A campaign, or more than six runs,
// become a study: methods with intervals over seeds, and report.svg. Errors: run.missing, campaign.cells,
// cli.argument, those of the records reader, out.*, io.*.
ReportFiles write_report(const std::vector<std::filesystem::path>& run_folders,
                         const std::filesystem::path& out, const ReportOptions& options = {});

// One JSON object, for `--json`.
[[nodiscard]] std::string files_json(const ReportFiles& files);

}  // namespace lethe::report
