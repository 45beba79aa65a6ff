// y = x W^T (+ b): x [tokens, in], W [out, in], b [out] -> [tokens, out], in x's dtype.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/ops/jet.h"

namespace lethe::ops {

[[nodiscard]] at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

// y1_d = W x1_d + Z_d x0 (+ z_d), Y2 = W X2 + 2 sum_d Z_d x1_d: one product with W for all parts, and one
// with each Z_d, which exists a few rows at a time.
[[nodiscard]] Jet linear(const Jet& x, const JetWeight& weight, const JetWeight& bias = {});

}  // namespace lethe::ops
