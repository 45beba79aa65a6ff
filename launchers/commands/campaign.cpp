// lethe campaign FILE: many runs from one file.
#include "framework/campaign/campaign.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/config/document.h"
#include "framework/run/command_config.h"
#include "framework/run/plan.h"
#include "launchers/command.h"

namespace lethe::launchers::campaign_entry {
namespace {

std::string check_config(config::Section root, const std::string& command) {
  (void)run::read_config_of(root, command);
  return config::effective_yaml(root);
}

std::uint64_t predict_memory(config::Section root, std::int64_t ranks) {
  const run::MemoryPlan plan =
      run::plan_memory(run::read_run_config(root), {.ranks = static_cast<int>(ranks)});
  return planning::total_bytes(plan.entries);
}

campaign::CampaignLaunch launch_of(const Arguments& arguments) {
  campaign::CampaignLaunch launch{.file = arguments.positionals.front(),
                                  .overrides = arguments.set,
                                  .out = arguments.out.value_or(""),
                                  .program = std::filesystem::read_symlink("/proc/self/exe").string(),
                                  .keep_going = arguments.flags.contains("keep-going"),
                                  .retry_failed = arguments.flags.contains("retry-failed"),
                                  .is_terminal = ::isatty(STDERR_FILENO) != 0};
  launch.driver_words = {launch.program, "campaign", launch.file};
  for (const std::string& assignment : launch.overrides)
    launch.driver_words.insert(launch.driver_words.end(), {"--set", assignment});
  if (!launch.out.empty()) launch.driver_words.insert(launch.driver_words.end(), {"--out", launch.out});
  return launch;
}

// What --check, --table and --csv print is for people and spreadsheets.
void refuse_json_of_texts(const Arguments& arguments) {
  if (!arguments.json) return;
  for (const char* flag : {"table", "csv"})
    if (arguments.flags.contains(flag))
      fail("cli.argument", fmt::format("there is no JSON of campaign --{}", flag),
           "leave --json out; cells.json and index.sqlite in the campaign's folder hold the same");
  if (arguments.check) fail("cli.argument", "there is no JSON of campaign --check", "leave --json out");
}

int run_command(const Arguments& arguments) {
  refuse_json_of_texts(arguments);
  base::start_log(0, 1, arguments.log_level);
  const campaign::CampaignLaunch launch = launch_of(arguments);
  if (arguments.check) return campaign::check_campaign(launch, check_config, predict_memory);
  if (const auto task = arguments.flags.find("task"); task != arguments.flags.end())
    return campaign::run_one_task(launch, check_config, task->second);
  const bool as_csv = arguments.flags.contains("csv");
  if (as_csv || arguments.flags.contains("table")) {
    std::fputs(campaign::campaign_table(launch, check_config, as_csv).c_str(), stdout);
    return 0;
  }
  return campaign::run_campaign(launch, check_config);
}

}  // namespace

Command make() {
  return {.help = "many runs from one file: every combination of settings, resumable; ends in one table",
          .takes = Takes::file,
          .set = true,
          .out = true,
          .check = true,
          .set_example = "campaign.retries=2",
          .flags = {{.name = "table", .help = "print the table of what is done, run nothing"},
                    {.name = "csv", .help = "the same as CSV"},
                    {.name = "keep-going", .help = "run what can be run although cells are invalid or fail"},
                    {.name = "retry-failed", .help = "on Slurm: submit again what has failed for good"},
                    {.name = "task",
                     .help = "run this one task of it: for jobs of a batch system",
                     .takes_value = true}},
          .run = run_command};
}

}  // namespace lethe::launchers::campaign_entry
