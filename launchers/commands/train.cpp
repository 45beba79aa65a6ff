// lethe train FILE
#include "framework/config/document.h"
#include "framework/run/commands.h"
#include "framework/run/session.h"
#include "launchers/command.h"
#include "launchers/on_ranks.h"

namespace lethe::launchers::train_entry {

Command make() {
  return {.help = "unlearn (or fine-tune) as FILE says; --check only validates",
          .takes = Takes::file,
          .set = true,
          .out = true,
          .check = true,
          .resume = true,
          .on_ranks = true,
          .flags = {{.name = "profile", .help = "write trace.json: where each rank's time goes, by block"}},
          .run = [](const Arguments& arguments) { return run_on_ranks(arguments, run::train); },
          .settings = run::run_settings};
}

}  // namespace lethe::launchers::train_entry
