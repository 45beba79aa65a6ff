// `lethe plan FILE`: what each rank of a world will hold, before anything is allocated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "framework/config/section.h"
#include "framework/planning/memory.h"
#include "framework/run/run_config.h"

namespace lethe::run {

struct PlanRequest {
  int ranks = 1;
  std::optional<std::uint64_t> memory;  // bytes that a rank may use
};

struct MemoryPlan {
  planning::Workload load;
  std::vector<planning::MemoryEntry> entries;
  std::vector<planning::Remedy> remedies;
};

// Reads the configuration, the model's shape and the data (whose longest samples make the largest
// micro-batch); writes nothing.
[[nodiscard]] MemoryPlan plan_memory(const RunConfig& config, int ranks);

// Errors: oom.predicted, naming the setting that would help most.
void require_memory(const MemoryPlan& plan, std::uint64_t available);

// The table for people.
[[nodiscard]] std::string plan_text(const MemoryPlan& plan, const PlanRequest& request);
// One JSON object.
[[nodiscard]] std::string plan_json(const MemoryPlan& plan, const PlanRequest& request);

}  // namespace lethe::run
