// Rotary position embedding (arXiv 2104.09864), halves layout as in Hugging Face: element i pairs with i +
// head_dim / 2.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "framework/ops/jet.h"

namespace lethe::ops {

struct RopeTables {
  at::Tensor cos, sin;  // [tokens, 1, head_dim / 2], in the compute dtype
};

// Angles are position * inverse_frequencies[i], computed in float64 and rounded once.
[[nodiscard]] RopeTables rope_tables(std::span<const std::int64_t> positions,
                                     std::span<const double> inverse_frequencies,
                                     const at::TensorOptions& options);

// theta^(-2 i / head_dim) for i < head_dim / 2.
[[nodiscard]] std::vector<double> rope_frequencies(double theta, std::int64_t head_dim);

// x [tokens, heads, head_dim] -> the same shape.
[[nodiscard]] at::Tensor rope(const at::Tensor& x, const RopeTables& tables);
// Linear: each part alone.
[[nodiscard]] Jet rope(const Jet& x, const RopeTables& tables);

}  // namespace lethe::ops
