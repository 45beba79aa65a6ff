// What every file of a run directory and of a campaign's folder may hold, and what a purge does with it.
#pragma once

#include <string>
#include <string_view>

#include "framework/run/purge.h"

namespace lethe::run {

struct PurgeRule {
  std::string_view pattern;  // a file; one * stands for any letters, / too
  PurgeAction action;
  std::string_view reason;
  bool is_from_forget_set = false;
};

// `path` is relative to the folder, with /. nullptr: unknown to this version.
[[nodiscard]] const PurgeRule* rule_of_run(std::string_view path);
[[nodiscard]] const PurgeRule* rule_of_campaign(std::string_view path);  // of its own files, without its runs

}  // namespace lethe::run
