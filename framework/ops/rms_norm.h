// Root-mean-square normalisation (arXiv 1910.07467): y = g * x / sqrt(mean(x^2) + eps), over the last axis,
// the statistics in float32 (float64 for float64 input). x [tokens, width], gain [width].
#pragma once

#include <ATen/core/Tensor.h>

namespace lethe::ops {

[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gain, double eps);

}  // namespace lethe::ops
