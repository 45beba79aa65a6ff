#include "launchers/on_ranks.h"

#include "framework/base/log.h"
#include "framework/config/document.h"
#include "framework/run/command_config.h"
#include "framework/run/session.h"

namespace lethe::launchers {
namespace {

run::Launch launch_of(const Arguments& arguments) {
  run::Launch launch{.command = arguments.command,
                     .arguments = {arguments.command},
                     .config_path = arguments.positionals.front(),
                     .out = arguments.out.value_or(""),
                     .resume = arguments.resume,
                     .profile = arguments.flags.contains("profile"),
                     .analyse = arguments.flags.contains("analyse")};
  launch.arguments.insert(launch.arguments.end(), arguments.positionals.begin(), arguments.positionals.end());
  if (launch.analyse) launch.arguments.emplace_back("--analyse");
  for (const std::string& assignment : arguments.set)
    launch.arguments.insert(launch.arguments.end(), {"--set", assignment});
  return launch;
}

}  // namespace

int run_on_ranks(const Arguments& arguments, RankCommand command) {
  return run::on_ranks(arguments.json, arguments.log_level, [&](dist::World& world) {
    config::Section root = config::load(arguments.positionals.front(), arguments.set);
    if (!arguments.check) return command(root, launch_of(arguments), world);
    (void)run::read_config_of(root, arguments.command);
    spdlog::info("{} is valid", arguments.positionals.front());
    return 0;
  });
}

}  // namespace lethe::launchers
