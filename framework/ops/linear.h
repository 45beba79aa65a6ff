// y = x W^T (+ b): x [tokens, in], W [out, in], b [out] -> [tokens, out], in x's dtype.
#pragma once

#include <ATen/core/Tensor.h>

namespace lethe::ops {

[[nodiscard]] at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

}  // namespace lethe::ops
