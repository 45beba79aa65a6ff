// A linear map whose result was kept: the value costs nothing, the gradients are those of ops::linear to the
// bit. For blocks that are run again in the backward without their matrix products.
#pragma once

#include <ATen/core/Tensor.h>

namespace lethe::ops {

// y [tokens, out] is what linear(x, weight, bias) gave; x [tokens, in], weight [out, in], bias [out] or
// undefined. Where only gradients are wanted y may be any tensor of that shape.
[[nodiscard]] at::Tensor known_linear(const at::Tensor& y, const at::Tensor& x, const at::Tensor& weight,
                                      const at::Tensor& bias = {});

}  // namespace lethe::ops
