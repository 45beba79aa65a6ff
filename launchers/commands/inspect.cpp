// lethe inspect DIR: what a model, checkpoint or run directory holds.
#include "framework/run/inspect.h"

#include <cstdio>

#include "framework/base/log.h"
#include "launchers/command.h"

namespace lethe::launchers::inspect_entry {
namespace {

int show(const Arguments& arguments) {
  base::start_log(0, 1, arguments.log_level);
  const std::string& folder = arguments.positionals.front();
  const run::Inspection found = run::inspect(folder);
  const std::string text =
      arguments.json ? run::inspection_json(folder, found) : run::inspection_text(folder, found);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

Command make() {
  return {.help = "what a directory of a model, a checkpoint or a run holds",
          .takes = Takes::folder,
          .run = show};
}

}  // namespace lethe::launchers::inspect_entry
