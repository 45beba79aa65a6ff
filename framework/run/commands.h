// The commands that run on ranks: each constructs the parts of a run from its configuration and hands them
// over. All are collective.
#pragma once

#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/dist/world.h"
#include "framework/run/run_output.h"

namespace lethe::run {

int train(config::Section root, const Launch& launch, dist::World& world);
int score(config::Section root, const Launch& launch, dist::World& world);
int evaluate(config::Section root, const Launch& launch, dist::World& world);

// Dotted paths of every key that the configuration of a run may hold.
[[nodiscard]] std::vector<std::string> run_settings();
// The reference of every key: type, default, meaning, as Markdown.
[[nodiscard]] std::string config_reference();
// docs/methods.md: every objective with its formula, source, quirks, use and options, as Markdown.
[[nodiscard]] std::string methods_reference();

}  // namespace lethe::run
