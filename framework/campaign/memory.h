// What the cells will need in memory, before anything is started: for `--check`. A stage that reads the model
// which an earlier stage has yet to write is predicted with the model that the earlier stage starts from: it
// has the same shape.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "framework/campaign/plan.h"

namespace lethe::campaign {

// Bytes that the hungriest rank of a training run holds; throws where it cannot be said. Handed down by
// whoever knows the models.
using PredictMemory = std::function<std::uint64_t(config::Section root, std::int64_t ranks)>;

struct MemoryPrediction {
  std::optional<std::uint64_t> bytes;  // of a rank
  std::string why_not;                 // where there are none
};

// By task, for those that train: what scores or evaluates holds less than the training beside it.
[[nodiscard]] std::map<std::string, MemoryPrediction> predict_memory(const Plan& plan,
                                                                     const CampaignPaths& paths,
                                                                     const PredictMemory& predict);

// "61.2 MiB a rank", or why it is not known: of the hungriest stage of a cell.
[[nodiscard]] std::string memory_of(const PlannedCell& cell,
                                    const std::map<std::string, MemoryPrediction>& predictions);

}  // namespace lethe::campaign
