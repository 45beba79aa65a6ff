// Norms of gradients over all shards, exactly the same bits on every world: squares are added as integers
// (fixed point relative to the largest magnitude), so no order of summation can be seen in the result.
#pragma once

#include <vector>

#include "framework/sharding/gradient_store.h"

namespace lethe::optim {

// Collective over the shard group. NaN or infinity anywhere gives NaN.
[[nodiscard]] double global_norm(sharding::GradientStore& gradients);

// Of each parameter's gradient, in the order of the index; 0 where it is frozen. Collective over the shard
// group. NaN or infinity in one gives NaN there.
[[nodiscard]] std::vector<double> tensor_norms(sharding::GradientStore& gradients);

// min(1, max_norm / norm); 1 where max_norm is 0 (no clipping).
[[nodiscard]] double clip_factor(double norm, double max_norm);

}  // namespace lethe::optim
