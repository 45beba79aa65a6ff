// lethe score FILE
#include "framework/config/document.h"
#include "framework/run/commands.h"
#include "framework/run/session.h"
#include "launchers/command.h"
#include "launchers/on_ranks.h"

namespace lethe::launchers::score_entry {

Command make() {
  return {.help = "measure the Memory Removal Difficulty of every forget sample",
          .takes = Takes::file,
          .set = true,
          .out = true,
          .check = true,
          .resume = true,
          .on_ranks = true,
          .flags = {{"analyse", "relate the scores to length, loss, rarity, near copies, … of the samples"}},
          .run = [](const Arguments& arguments) { return run_on_ranks(arguments, run::score); },
          .settings = run::run_settings};
}

}  // namespace lethe::launchers::score_entry
