// lethe purge DIR…: removes forget texts and what was made from them from the files of runs and campaigns,
// and certifies it.
#include <cstdio>
#include <filesystem>
#include <set>
#include <vector>

#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/run/purge.h"
#include "framework/run/version.h"
#include "launchers/command.h"

namespace lethe::launchers::purge_entry {
namespace {

void say(const std::vector<run::HeldFile>& files) {
  for (const run::HeldFile& file : files)
    std::printf("  %-8s %-10s %s  (%s)\n", std::string(run::name_of(file.action)).c_str(),
                base::readable_bytes(file.bytes).c_str(), file.path.c_str(), file.reason.c_str());
}

void say(const run::PurgePlan& plan) {
  std::printf("%s\n", plan.root.c_str());
  if (!plan.runs.empty())
    std::printf("  %zu runs, listed above; of the campaign's own files:\n", plan.runs.size());
  say(plan.files);
  if (plan.shared.empty()) return;
  std::printf("  of shared caches, also other runs':\n");
  say(plan.shared);
}

int purge(const Arguments& arguments) {
  run::PurgeOptions options{.lethe_version = run::kVersion};
  if (const auto cache = arguments.flags.find("cache"); cache != arguments.flags.end())
    options.shared_caches.emplace_back(cache->second);
  const std::vector<std::filesystem::path> roots(arguments.positionals.begin(), arguments.positionals.end());
  std::set<std::filesystem::path> left;
  for (const run::PurgePlan& plan :
       arguments.check ? run::plan_purges(roots, options) : run::purge(roots, options)) {
    if (arguments.json)
      std::fputs(run::purge_json(plan).c_str(), stdout);
    else
      say(plan);
    left.insert(plan.unpurged_caches.begin(), plan.unpurged_caches.end());
  }
  for (const auto& cache : left)
    base::warn_here("purge.cache", fmt::format("{0}, which the runs shared, still holds tokens or "
                                               "log-probabilities of their forget samples; remove them with "
                                               "--cache {0}",
                                               cache.string()));
  return 0;
}

}  // namespace

Command make() {
  return {
      .help = "remove forget texts and what was made from them from runs and campaigns; --check only lists",
      .takes = Takes::folders,
      .check = true,
      .flags = {{.name = "cache",
                 .help = "folder of token stores and reference log-probabilities that runs shared",
                 .takes_value = true}},
      .run = purge};
}

}  // namespace lethe::launchers::purge_entry
