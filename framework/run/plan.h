// `lethe plan FILE`: what each rank of a world will hold, before anything is allocated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/planning/memory.h"
#include "framework/planning/remedies.h"
#include "framework/run/run_config.h"

namespace lethe::run {

struct PlanRequest {
  int ranks = 1;
  std::optional<std::uint64_t> memory;  // bytes that a rank may use; without: its share of this machine's
};

struct MemoryPlan {
  models::DecoderModel model;
  int ranks = 1;
  planning::Workload load;
  std::string stage_choice;  // why this stage, where parallel.zero is auto
  std::vector<planning::MemoryEntry> entries;
  std::vector<planning::Remedy> remedies;
};

// Reads the configuration, the model's shape and the data (whose longest samples make the largest
// micro-batch); writes nothing. A shard group of a node is the world: the ranks' places are not known.
[[nodiscard]] MemoryPlan plan_memory(const RunConfig& config, const PlanRequest& request);

// Errors: oom.predicted, naming the setting that makes it fit.
void require_memory(const MemoryPlan& plan, std::uint64_t available);

// The table for people.
[[nodiscard]] std::string plan_text(const MemoryPlan& plan, const PlanRequest& request);
// One JSON object.
[[nodiscard]] std::string plan_json(const MemoryPlan& plan, const PlanRequest& request);

}  // namespace lethe::run
