// lethe report DIR…: one self-contained page from the records of one or several runs, or of a campaign; the
// erasure record of a run; two runs explained against each other.
#include <cstdio>
#include <filesystem>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/report/difference.h"
#include "framework/report/erasure.h"
#include "framework/report/report.h"
#include "launchers/command.h"

namespace lethe::launchers::report_entry {
namespace {

using Folders = std::vector<std::filesystem::path>;

int write_erasure(const Arguments& arguments, const Folders& folders, const std::filesystem::path& out) {
  if (folders.size() != 1)
    fail("cli.argument", "report --erasure takes one DIR", "see `lethe report --help`");
  const auto file =
      report::write_erasure(folders.front(), out, {.with_texts = arguments.flags.contains("with-texts")});
  std::printf("erasure record: %s\n", file.c_str());
  return 0;
}

int compare(const Folders& folders) {
  if (folders.size() != 2)
    fail("cli.argument", "report --compare takes two DIRs", "see `lethe report --help`");
  std::fputs(report::difference_text(report::load_run(folders[0]), report::load_run(folders[1])).c_str(),
             stdout);
  return 0;
}

int write(const Arguments& arguments) {
  const Folders folders(arguments.positionals.begin(), arguments.positionals.end());
  if (arguments.flags.contains("compare")) return compare(folders);
  const std::filesystem::path out = arguments.out ? std::filesystem::path(*arguments.out) : folders.front();
  std::filesystem::create_directories(out);
  if (arguments.flags.contains("erasure")) return write_erasure(arguments, folders, out);
  const report::ReportFiles files =
      report::write_report(folders, out, {.redact_forget = arguments.flags.contains("redact")});
  for (const std::string& line : files.lines) std::printf("%s\n", line.c_str());
  std::printf("report: %s\n", files.html.c_str());
  return 0;
}

}  // namespace

Command make() {
  return {.help = "one self-contained HTML page from the records of runs, with Markdown and CSV beside it",
          .takes = Takes::folders,
          .out = true,
          .flags = {{.name = "compare", .help = "explain how two runs differ, on stdout"},
                    {.name = "erasure", .help = "the record of one run for the file: erasure.html"},
                    {.name = "with-texts", .help = "with --erasure: quote what was to be forgotten"},
                    {.name = "redact", .help = "leave out every text of the forget set"}},
          .run = write};
}

}  // namespace lethe::launchers::report_entry
