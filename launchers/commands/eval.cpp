// lethe eval FILE
#include "framework/config/document.h"
#include "framework/run/commands.h"
#include "framework/run/session.h"
#include "launchers/command.h"
#include "launchers/on_ranks.h"

namespace lethe::launchers::eval_entry {

Command make() {
  return {.help = "measure what a model knows of the forget, retain and general sets",
          .takes = Takes::file,
          .set = true,
          .out = true,
          .check = true,
          .resume = true,
          .on_ranks = true,
          .run = [](const Arguments& arguments) { return run_on_ranks(arguments, run::evaluate); },
          .settings = run::run_settings};
}

}  // namespace lethe::launchers::eval_entry
