// lethe purge DIR…: removes forget texts and what was made from them from the files of runs, and certifies it.
#include <cstdio>

#include "framework/base/text.h"
#include "framework/run/purge.h"
#include "framework/run/version.h"
#include "launchers/command.h"

namespace lethe::launchers {
namespace {

void say(const run::PurgePlan& plan) {
  std::printf("%s\n", plan.root.c_str());
  for (const run::HeldFile& file : plan.files)
    std::printf("  %-8s %-10s %s  (%s)\n", std::string(run::name_of(file.action)).c_str(), base::readable_bytes(file.bytes).c_str(), file.path.c_str(), file.reason.c_str());
}

int purge(const Arguments& arguments) {
  for (const std::string& folder : arguments.positionals) say(arguments.check ? run::plan_purge(folder) : run::purge_run(folder, run::kVersion));
  return 0;
}

}  // namespace

Command make_purge() { return {.help = "remove forget texts and what was made from them from run directories; --check only lists", .takes = Takes::folders, .check = true, .run = purge}; }

}  // namespace lethe::launchers
