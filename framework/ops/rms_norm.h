// Root-mean-square normalisation (arXiv 1910.07467): y = g * x / sqrt(mean(x^2) + eps), over the last axis,
// the statistics in float32 (float64 for float64 input). x [tokens, width], gain [width].
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/ops/jet.h"

namespace lethe::ops {

[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gain, double eps);

// With m = mean(x^2) + eps: m1 = 2 mean(x x1), m2 = 2 mean(x1^2) + 2 mean(x x2), then m^(-1/2), x m^(-1/2)
// and the gain by the chain and product rules.
[[nodiscard]] Jet rms_norm(const Jet& x, const JetWeight& gain, double eps);

}  // namespace lethe::ops
