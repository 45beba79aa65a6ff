// What the commands that run on ranks share: load FILE, validate it (--check stops there), start the ranks,
// run.
#pragma once

#include "framework/config/section.h"
#include "framework/run/commands.h"
#include "launchers/command.h"

namespace lethe::launchers {

using RankCommand = int (*)(config::Section root, const run::Launch& launch, dist::World& world);
[[nodiscard]] int run_on_ranks(const Arguments& arguments, RankCommand command);

}  // namespace lethe::launchers
