// What scorings and evaluations ask of a rank's memory, where so many ranks share them.
#pragma once

#include <span>

#include "framework/planning/workload.h"
#include "framework/run/run_config.h"
#include "framework/run/sample_sets.h"
#include "framework/run/workload.h"

namespace lethe::run {

// `analyse`: scores are related to the samples' characteristics, the gradient's norm among them.
[[nodiscard]] planning::Measuring scoring_passes(const RunConfig& config, const DataLengths& data,
                                                 bool analyse, int ranks);
// Of `sets`, which are those that an evaluation looks at. Errors: of reference_shape().
[[nodiscard]] planning::Measuring evaluation_passes(const RunConfig& config,
                                                    std::span<const SampleSet* const> sets);
// The scorings of a training run; nothing where it has none.
[[nodiscard]] planning::Measuring refresh_passes(const RunConfig& config, const DataLengths& data, int ranks);
// The largest pack of the forward passes that a training run makes over whole sets: for the frozen model's
// log-probabilities, which are cached, and to look at the losses.
[[nodiscard]] planning::PackSize pack_of_whole_sets(const RunConfig& config, const DataLengths& data);

}  // namespace lethe::run
