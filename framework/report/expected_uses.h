// How often a sampler's weights say that each of its samples is used by one update.
#pragma once

#include <cstddef>
#include <vector>

#include "framework/records/progress.h"

namespace lethe::report {

// By sample of the record, for a batch of `size`; they sum to `size`. With replacement size p_i. Without, the
// chance of being in the batch: at most 1, and off by a few hundredths where weights differ much.
[[nodiscard]] std::vector<double> expected_uses(const records::SamplerRecord& sampler, std::size_t size);

}  // namespace lethe::report
