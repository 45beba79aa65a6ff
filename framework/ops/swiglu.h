// The gated unit of Llama's MLP (arXiv 2002.05202): silu(gate) * up, element by element.
#pragma once

#include <ATen/core/Tensor.h>

namespace lethe::ops {

[[nodiscard]] at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

}  // namespace lethe::ops
