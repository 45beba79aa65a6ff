// lethe config: every key of a run's configuration, with type, default and meaning.
#include <cstdio>

#include "framework/run/commands.h"
#include "launchers/command.h"

namespace lethe::launchers::config_entry {
namespace {

int run_config(const Arguments& arguments) {
  const bool methods = arguments.flags.contains("methods");
  std::fputs((methods ? run::methods_reference() : run::config_reference()).c_str(), stdout);
  return 0;
}

}  // namespace

Command make() {
  return {.help = "print every key of a configuration: type, default, meaning",
          .json = false,
          .flags = {{.name = "methods",
                     .help = "print every unlearning method instead: formula, source, options"}},
          .run = run_config};
}

}  // namespace lethe::launchers::config_entry
