// What `lethe score` and `lethe eval` ask of a rank's memory.
#pragma once

#include "framework/planning/workload.h"
#include "framework/run/run_config.h"
#include "framework/run/sample_sets.h"

namespace lethe::run {

struct Measurement {
  planning::PackSize pack;  // the largest that a pass walks
  planning::Measuring passes;
};

// `analyse`: scores are related to the samples' characteristics, the gradient's norm among them.
[[nodiscard]] Measurement scoring_measurement(const RunConfig& config, const SampleSets& sets, bool analyse,
                                              int ranks);
// Generation's caches are not counted.
[[nodiscard]] Measurement evaluation_measurement(const SampleSets& sets);

}  // namespace lethe::run
