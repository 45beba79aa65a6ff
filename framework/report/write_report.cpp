// From folders to files: which page fits what was named, and what lies beside it (write_report in report.h).
#include <algorithm>
#include <set>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/records/texts.h"
#include "framework/report/report.h"
#include "framework/report/shared_start.h"
#include "framework/report/study/study_page.h"
#include "framework/report/study/study_table.h"
#include "framework/report/tables.h"
#include "framework/report/tensorboard.h"

namespace lethe::report {
namespace {

constexpr std::size_t kMostSideBySide = 6;  // as many series as the page of single runs tells apart

void erase_forget_texts(RunSummary& run) {
  for (records::GenerationRecord& generation : run.generations) {
    records::Record record = generation;
    if (!records::quotes_forget_text(record)) continue;
    records::erase_texts(record);
    generation = std::get<records::GenerationRecord>(record);
  }
}

// Asked for on the command line, or by the run's own configuration.
bool is_redacted(const RunSummary& run, const ReportOptions& options) {
  return options.redact_forget || (run.run && redacts_forget(run.run->config_yaml));
}

Study study_from(const std::vector<std::filesystem::path>& folders) {
  if (folders.size() == 1) return load_campaign(folders.front());
  std::vector<RunSummary> runs;
  for (const auto& folder : folders) {
    if (is_campaign_folder(folder))
      fail("cli.argument",
           fmt::format("{} is a campaign; report one campaign, or single runs", folder.string()));
    runs.push_back(load_run(folder));
  }
  return study_of(std::move(runs));
}

ReportFiles write_study(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& out,
                        const ReportOptions& options) {
  Study study = study_from(folders);
  for (StudyCell& cell : study.cells)
    for (RunSummary& run : cell.runs)
      if (is_redacted(run, options)) erase_forget_texts(run);
  base::make_folders(out);
  const ReportFiles files{
      .html = out / "report.html", .markdown = out / "report.md", .csv = out / "report.csv"};
  base::write_file_atomically(files.markdown, study_markdown(study));
  base::write_file_atomically(files.csv, study_csv(study));
  if (const std::string svg = pareto_svg(study); !svg.empty())
    base::write_file_atomically(out / "report.svg", svg);
  base::write_file_atomically(files.html, render_study(study));
  std::vector<const RunSummary*> runs;
  std::set<std::filesystem::path> seen;  // cells share stages
  for (const StudyCell& cell : study.cells)
    for (const RunSummary& run : cell.runs)
      if (seen.insert(run.folder).second) runs.push_back(&run);
  write_tensorboard(runs, out / "tensorboard");
  return files;
}

}  // namespace

bool redacts_forget(std::string_view config_yaml) {
  const auto section = config_yaml.find("\nreport:\n");
  return section != std::string_view::npos &&
         config_yaml.find("\n  redact: forget", section) != std::string_view::npos;
}

ReportFiles write_report(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& out,
                         const ReportOptions& options) {
  if (std::ranges::any_of(folders, is_campaign_folder) || folders.size() > kMostSideBySide)
    return write_study(folders, out, options);
  std::vector<RunSummary> runs;
  for (const auto& folder : folders) {
    runs.push_back(load_run(folder));
    if (is_redacted(runs.back(), options)) erase_forget_texts(runs.back());
  }
  share_starts(runs);
  std::ranges::stable_partition(runs, [](const RunSummary& run) { return !run.evaluations.empty(); });
  base::make_folders(out);
  ReportFiles files{.html = out / "report.html", .markdown = out / "report.md", .csv = out / "report.csv"};
  for (const RunSummary& run : runs)
    if (std::string line = one_line(run); !line.empty()) files.lines.push_back(std::move(line));
  base::write_file_atomically(files.markdown, render_markdown(runs));
  base::write_file_atomically(files.csv, metrics_csv(runs));
  base::write_file_atomically(files.html, render_html(runs));
  std::vector<const RunSummary*> written;
  for (const RunSummary& run : runs) written.push_back(&run);
  write_tensorboard(written, out / "tensorboard");
  return files;
}

std::string files_json(const ReportFiles& files) {
  const records::Json json = {{"report", files.html.string()},
                              {"markdown", files.markdown.string()},
                              {"csv", files.csv.string()},
                              {"lines", files.lines}};
  return json.dump(-1, ' ', false, records::Json::error_handler_t::replace) + "\n";
}

}  // namespace lethe::report
