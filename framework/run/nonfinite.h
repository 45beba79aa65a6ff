// The end of a run whose loss or gradient is no number any more, naming the samples that it comes from.
#pragma once

#include <cstdint>
#include <span>

#include "framework/run/engine.h"
#include "framework/run/sample_sets.h"

namespace lethe::run {

struct NonfiniteStep {
  double loss = 0, norm = 0;
  std::int64_t step = 0;  // from 1
};

// Collective: reads the batch (positions in the sets) once more, sample by sample. Throws num.nonfinite.
[[noreturn]] void refuse_nonfinite(const NonfiniteStep& at, Engine& engine, const SampleSets& sets,
                                   std::span<const std::int64_t> forget,
                                   std::span<const std::int64_t> retain);

// Collective. Before weights are kept, in a checkpoint or as the model: throws num.nonfinite where one is no
// number, after `step` updates.
void refuse_nonfinite_weights(Engine& engine, std::int64_t step);

}  // namespace lethe::run
