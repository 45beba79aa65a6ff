// Ids of one global batch as a pure function of (seed, stream, step, probabilities). All ranks hold the same
// probabilities, so all get the same ids without talking; a rank then takes its slice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/base/random.h"

namespace lethe::sampling {

struct DrawKey {
  std::uint64_t seed = 0;
  base::Stream stream = base::Stream::sampling;
  std::uint64_t step = 0;  // below 2^55
};

// Inverse distribution function on the prefix sum in id order; slot b of the batch has a uniform number of
// its own.
[[nodiscard]] std::vector<std::int64_t> draw_with_replacement(std::span<const double> probability,
                                                              std::int64_t size, const DrawKey& key);

// The `size` largest of log p_i - log(-log u_i), largest first, equal keys by id: successive draws from what
// is left, each in proportion to p. Samples with p = 0 come only when all others are in the batch, uniformly.
// Errors: config.range where size exceeds the number of samples.
[[nodiscard]] std::vector<std::int64_t> draw_without_replacement(std::span<const double> probability,
                                                                 std::int64_t size, const DrawKey& key);

// A uniform permutation of 0 … count-1 for one epoch; shares no random word with the draws of any step.
[[nodiscard]] std::vector<std::int64_t> permutation(std::int64_t count, const DrawKey& epoch);

}  // namespace lethe::sampling
