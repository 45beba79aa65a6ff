// The gated unit of Llama's MLP (arXiv 2002.05202): silu(gate) * up, element by element.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/ops/jet.h"

namespace lethe::ops {

[[nodiscard]] at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

// h = silu(a): h' = s (1 + a (1 - s)), h'' = s (1 - s) (2 + a (1 - 2 s)), s = sigmoid(a).
[[nodiscard]] Jet swiglu(const Jet& gate, const Jet& up);

}  // namespace lethe::ops
