// lethe report DIR…: one self-contained page from the records of one or several runs.
#include <filesystem>

#include "framework/base/log.h"
#include "framework/report/report.h"
#include "launchers/command.h"

namespace lethe::launchers {
namespace {

int write(const Arguments& arguments) {
  const std::vector<std::filesystem::path> folders(arguments.positionals.begin(),
                                                   arguments.positionals.end());
  const std::filesystem::path out = arguments.out ? std::filesystem::path(*arguments.out) : folders.front();
  std::filesystem::create_directories(out);
  const report::ReportFiles files = report::write_report(folders, out);
  std::printf("report: %s\n", files.html.c_str());
  return 0;
}

}  // namespace

Command make_report() {
  return {.help = "one self-contained HTML page from the records of runs, with Markdown and CSV beside it",
          .takes = Takes::folders,
          .out = true,
          .run = write};
}

}  // namespace lethe::launchers
