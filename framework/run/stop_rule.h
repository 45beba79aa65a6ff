// Why a run ends before its last update: the conditions under `stop`.
#pragma once

#include <string>

#include "framework/run/engine.h"
#include "framework/run/sample_sets.h"

namespace lethe::run {

// In plain words: "forget probability 0.048 is below 0.05"; empty where no condition holds. Measures what the
// conditions name. Collective.
[[nodiscard]] std::string reason_to_stop(const RunConfig& config, Engine& engine, const SampleSets& sets);

}  // namespace lethe::run
