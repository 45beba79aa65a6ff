// Cells to tasks: one task is one run of one stage. Its key is the hash of its effective configuration, with
// the keys of the stages that it builds on in place of their folders; so cells that agree share a task, a
// task keeps its key when the campaign grows, and the key does not know where the campaign lies.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "framework/campaign/paths.h"
#include "framework/campaign/sweep.h"

namespace lethe::campaign {

// Reads a stage's configuration as the stage will and gives the effective one; throws what is wrong with it.
// Handed down by whoever knows the commands.
using CheckConfig = std::function<std::string(config::Section root, const std::string& command)>;

struct Task {
  std::string key;  // "unlearn-3f2a91c0d5e4", also its folder below runs/
  std::string stage, command;
  std::string config_yaml;  // effective, with real folders
  std::int64_t ranks = 1;
  std::vector<std::string> needs;  // keys of the tasks whose runs it reads
};

struct PlannedCell {
  Cell cell;
  std::string key;                 // of its tasks together; empty where it is invalid
  std::vector<std::string> tasks;  // keys, in the order of the stages
  std::string error;               // why it is invalid, with its place; empty for a valid cell
};

struct Plan {
  std::vector<Choice> columns;
  std::vector<PlannedCell> cells;
  std::vector<Task> tasks;  // each once; what a task needs stands before it

  [[nodiscard]] const Task& task(const std::string& key) const;
  [[nodiscard]] std::size_t num_invalid() const;
};

// Invalid cells are marked, not thrown; their tasks are left out. Errors: campaign.stage ("{word}" that names
// no earlier stage), and those of expand().
[[nodiscard]] Plan make_plan(const Options& options, const CampaignPaths& paths, const CheckConfig& check);

// campaign.invalid, listing every invalid cell; nothing where all are valid.
void refuse_invalid(const Plan& plan);

}  // namespace lethe::campaign
