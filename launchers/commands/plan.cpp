// lethe plan FILE: the memory of a rank, by category, for any world, without starting one.
#include "framework/run/plan.h"

#include <charconv>
#include <cstdio>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/config/document.h"
#include "framework/run/commands.h"
#include "framework/run/machine.h"
#include "launchers/command.h"

namespace lethe::launchers {
namespace {

int number_of_ranks(const std::string& text) {
  int ranks = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ranks);
  if (error != std::errc() || end != text.data() + text.size() || ranks < 1)
    fail("cli.value", fmt::format("--ranks {} is not a number of ranks", text), "write --ranks 8");
  return ranks;
}

run::PlanRequest request_of(const Arguments& arguments) {
  run::PlanRequest request;
  if (const auto ranks = arguments.flags.find("ranks"); ranks != arguments.flags.end())
    request.ranks = number_of_ranks(ranks->second);
  if (const auto memory = arguments.flags.find("memory"); memory != arguments.flags.end()) {
    request.memory = run::parse_size(memory->second);
    if (!request.memory)
      fail("cli.value", fmt::format("--memory {} is not a size", memory->second), "write --memory 16GiB");
  }
  return request;
}

int plan(const Arguments& arguments) {
  base::start_log(0, 1, arguments.log_level);
  const run::PlanRequest request = request_of(arguments);
  config::Section root = config::load(arguments.positionals.front(), arguments.set);
  const run::MemoryPlan plan = run::plan_memory(run::read_run_config(root), request);
  if (request.memory) run::require_memory(plan, *request.memory);
  std::fputs((arguments.json ? run::plan_json(plan, request) : run::plan_text(plan, request)).c_str(),
             stdout);
  return 0;
}

}  // namespace

Command make_plan() {
  return {.help = "memory of a rank by category, for any number of ranks, before anything is allocated",
          .takes = Takes::file,
          .set = true,
          .flags = {{.name = "ranks", .help = "ranks of the world to plan for (1)", .takes_value = true},
                    {.name = "memory",
                     .help = "what a rank may use, as in 16GiB (its share of this machine's): where a run "
                             "does not fit, an error names "
                             "the key that makes it fit",
                     .takes_value = true}},
          .run = plan,
          .settings = run::run_settings};
}

}  // namespace lethe::launchers
