// Random weights from a seed, for smoke runs, tests and bug reports: no files are needed.
#pragma once

#include <cstdint>
#include <span>

#include "framework/models/parameter_index.h"

namespace lethe::models {

// Elements first, first + 1, …: norm gains 1, biases 0, the rest normal; a function of (seed, canonical
// index) alone.
void random_weights(const ParameterIndex& index, std::uint64_t seed, std::uint64_t first,
                    std::span<float> out, double standard_deviation = 0.02);

}  // namespace lethe::models
