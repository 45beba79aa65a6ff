// lethe plan FILE: the memory of a rank, by category, and the least time of an update, for any world, without
// starting one.
#include "framework/run/plan.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/config/document.h"
#include "framework/run/commands.h"
#include "framework/run/machine.h"
#include "launchers/command.h"

namespace lethe::launchers::plan_entry {
namespace {

constexpr int kMostRanks = 1'000'000;  // more than any machine has, and sums over ranks stay exact

std::optional<int> number_of_ranks(const Arguments& arguments, const std::string& flag) {
  const auto found = arguments.flags.find(flag);
  if (found == arguments.flags.end()) return std::nullopt;
  const std::string& text = found->second;
  int ranks = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ranks);
  if (error != std::errc() || end != text.data() + text.size() || ranks < 1 || ranks > kMostRanks)
    fail("cli.value",
         fmt::format("--{} {} is not a number of ranks between 1 and {}", flag, text, kMostRanks),
         fmt::format("write --{} 8", flag));
  return ranks;
}

void read_ranks(const Arguments& arguments, run::PlanRequest& request) {
  request.ranks = number_of_ranks(arguments, "ranks").value_or(1);
  request.ranks_per_node = number_of_ranks(arguments, "ranks-per-node");
  if (request.ranks_per_node && request.ranks % *request.ranks_per_node != 0)
    fail("cli.value",
         fmt::format("--ranks-per-node {} does not divide --ranks {}: nodes have equally many ranks",
                     *request.ranks_per_node, request.ranks),
         "write --ranks 16 --ranks-per-node 8 for two nodes of 8");
}

// A rate of the machine that is planned for: 4e14, 9.9e14.
double rate_of(const Arguments& arguments, const std::string& flag, const char* unit) {
  const auto found = arguments.flags.find(flag);
  if (found == arguments.flags.end()) return 0;
  const std::string& text = found->second;
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(rate) || rate <= 0)
    fail("cli.value", fmt::format("--{} {} is not a number of {} above 0", flag, text, unit),
         fmt::format("write --{} 4e14", flag));
  return rate;
}

run::PlanRequest request_of(const Arguments& arguments) {
  run::PlanRequest request;
  read_ranks(arguments, request);
  if (const auto memory = arguments.flags.find("memory"); memory != arguments.flags.end()) {
    request.memory = run::parse_size(memory->second);
    if (!request.memory)
      fail("cli.value", fmt::format("--memory {} is not a size", memory->second), "write --memory 16GiB");
  }
  request.speed = {.flops = rate_of(arguments, "flops", "FLOP/s"),
                   .bytes = rate_of(arguments, "bandwidth", "bytes/s")};
  return request;
}

int plan(const Arguments& arguments) {
  base::start_log(0, 1, arguments.log_level);
  const run::PlanRequest request = request_of(arguments);
  config::Section root = config::load(arguments.positionals.front(), arguments.set);
  const run::RunConfig run_config = run::read_run_config(root);
  const run::MemoryPlan plan = run::plan_memory(run_config, request);
  if (request.memory) run::require_memory(plan, *request.memory);
  const run::TimePlan time = run::plan_time(run_config, plan, request);
  std::fputs((arguments.json ? run::plan_json(plan, time)
                             : run::plan_text(plan, request) + run::plan_text(time, request))
                 .c_str(),
             stdout);
  return 0;
}

}  // namespace

Command make() {
  return {
      .help =
          "memory of a rank by category and the least time of an update, for any number of ranks, before "
          "anything is allocated",
      .takes = Takes::file,
      .set = true,
      .flags = {{.name = "ranks", .help = "ranks of the world to plan for (1)", .takes_value = true},
                {.name = "ranks-per-node",
                 .help = "how many of them a node has (all): with parallel.shard auto or node, a shard group",
                 .takes_value = true},
                {.name = "memory",
                 .help = "what a rank may use, as in 16GiB (its share of this machine's): where a run "
                         "does not fit, an error names "
                         "the key that makes it fit",
                 .takes_value = true},
                {.name = "flops",
                 .help = "FLOP/s of a rank's matrix products, as in 4e14 (measured here)",
                 .takes_value = true},
                {.name = "bandwidth",
                 .help = "bytes/s that a rank receives while it sends, as in 2e11 (a copy in memory here)",
                 .takes_value = true}},
      .run = plan,
      .settings = run::run_settings};
}

}  // namespace lethe::launchers::plan_entry
