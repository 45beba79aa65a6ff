// lethe config: every key of a run's configuration, with type, default and meaning.
#include <cstdio>

#include "framework/run/commands.h"
#include "launchers/command.h"

namespace lethe::launchers {
namespace {

int run_config(const Arguments&) {
  std::fputs(run::config_reference().c_str(), stdout);
  return 0;
}

}  // namespace

Command make_config() {
  return {.help = "print every key of a configuration: type, default, meaning", .run = run_config};
}

}  // namespace lethe::launchers
