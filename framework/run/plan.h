// `lethe plan FILE`: what each rank of a world will hold, and how long an update takes at least, before
// anything is allocated. What its evaluations hold is left out: their sets are not read here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/planning/memory.h"
#include "framework/planning/remedies.h"
#include "framework/planning/step_time.h"
#include "framework/run/run_config.h"

namespace lethe::run {

struct PlanRequest {
  int ranks = 1;
  std::optional<int> ranks_per_node;    // a divisor of `ranks`; without: one node has them all
  std::optional<std::uint64_t> memory;  // bytes that a rank may use; without: its share of this machine's
  planning::RankSpeed speed;            // where 0: as measured here, of one rank alone
};

struct MemoryPlan {
  models::DecoderModel model;
  int ranks = 1, ranks_per_node = 1, shard_group = 1;
  bool assumes_one_node = false;  // the grid depends on nodes, and nobody said how the ranks lie on them
  std::uint64_t available = 0;    // bytes a rank may use
  planning::Workload load;
  planning::UpdateWork work;
  std::string stage_choice;  // why this stage, where parallel.zero is auto
  std::vector<planning::MemoryEntry> entries;
  std::vector<planning::MemoryEntry> host_entries;  // where a device computes
  std::vector<planning::Remedy> remedies;
};

struct TimePlan {
  planning::RankSpeed speed;
  planning::StepTime time;
  std::optional<planning::Workload> faster;  // another grid that fits, where it is worth naming
};

// Reads the configuration, the model's shape and the data (whose longest samples make the largest
// micro-batch); writes nothing.
[[nodiscard]] MemoryPlan plan_memory(const RunConfig& config, const PlanRequest& request);

// Takes a moment where a speed has to be measured.
[[nodiscard]] TimePlan plan_time(const RunConfig& config, const MemoryPlan& plan, const PlanRequest& request);

// Errors: oom.predicted, naming the setting that makes it fit.
void require_memory(const MemoryPlan& plan, std::uint64_t available);

// The tables for people.
[[nodiscard]] std::string plan_text(const MemoryPlan& plan, const PlanRequest& request);
[[nodiscard]] std::string plan_text(const TimePlan& plan, const PlanRequest& request);
// One JSON object.
[[nodiscard]] std::string plan_json(const MemoryPlan& plan, const TimePlan& time);

}  // namespace lethe::run
