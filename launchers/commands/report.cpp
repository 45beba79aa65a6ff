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

// An option that would do nothing is a misunderstanding; what was meant may be what it leaves undone.
void refuse_options_without_effect(const Arguments& arguments) {
  const auto has = [&](const char* flag) { return arguments.flags.contains(flag); };
  if (has("with-texts") && !has("erasure"))
    fail("cli.argument",
         "--with-texts belongs to --erasure: the other pages quote texts unless --redact is given",
         "add --erasure, or leave --with-texts out");
  if (!has("compare")) return;
  if (has("erasure"))
    fail("cli.argument", "--compare and --erasure ask for two things", "leave one of them out");
  if (has("redact"))
    fail("cli.argument", "--compare quotes no text, so that --redact would do nothing", "leave --redact out");
  if (arguments.out)
    fail("cli.argument", "--compare writes to stdout, so that --out would do nothing",
         "leave --out out, and send the text into a file with > FILE");
  if (arguments.json)
    fail("cli.argument", "--compare prints Markdown; there is no JSON of it", "leave --json out");
}

int write_erasure(const Arguments& arguments, const Folders& folders, const std::filesystem::path& out) {
  if (folders.size() != 1)
    fail("cli.argument", "report --erasure takes one DIR", "see `lethe report --help`");
  const auto file = report::write_erasure(folders.front(), out,
                                          {.with_texts = arguments.flags.contains("with-texts"),
                                           .redact_forget = arguments.flags.contains("redact")});
  if (arguments.json)
    std::fputs(report::erasure_json(file).c_str(), stdout);
  else
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

void say(const report::ReportFiles& files) {
  for (const std::string& line : files.lines) std::printf("%s\n", line.c_str());
  std::printf("report: %s\n", files.html.c_str());
}

int write(const Arguments& arguments) {
  refuse_options_without_effect(arguments);
  const Folders folders(arguments.positionals.begin(), arguments.positionals.end());
  if (arguments.flags.contains("compare")) return compare(folders);
  const std::filesystem::path out = arguments.out ? std::filesystem::path(*arguments.out) : folders.front();
  if (arguments.flags.contains("erasure")) return write_erasure(arguments, folders, out);
  const report::ReportFiles files =
      report::write_report(folders, out, {.redact_forget = arguments.flags.contains("redact")});
  if (arguments.json)
    std::fputs(report::files_json(files).c_str(), stdout);
  else
    say(files);
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
