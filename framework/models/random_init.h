// Weights for smoke runs and tests, a function of (seed, canonical index): norm gains 1, biases 0, the rest normal with deviation 0.02.
#pragma once

#include <cstdint>
#include <span>

#include "framework/models/parameter_index.h"

namespace lethe::models {

void random_weights(const ParameterIndex& index, std::uint64_t seed, std::uint64_t first, std::span<float> out);

}  // namespace lethe::models
