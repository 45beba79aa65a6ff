#include "framework/ops/swiglu.h"

#include <ATen/ATen.h>

#include "framework/ops/fused.h"

namespace lethe::ops {

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  return fused::takes(gate) ? fused::swiglu(gate, up) : at::silu(gate) * up;
}

Jet swiglu(const Jet& gate, const Jet& up) {
  const Jet a = widened(gate), b = widened(up);
  const at::Tensor a0 = a.value(), s = at::sigmoid(a0);
  const at::Tensor slope = s * (1 + a0 * (1 - s)), curve = s * (1 - s) * (2 + a0 * (1 - 2 * s));
  const at::Tensor h0 = a0 * s, h1 = slope * a.first();
  const at::Tensor h2 = slope * a.second() + curve * a.first().pow(2).sum(0);
  return Jet(h0 * b.value(), h1 * b.value() + h0 * b.first(),
             h2 * b.value() + 2 * (h1 * b.first()).sum(0) + h0 * b.second(), gate.scalar_type());
}

}  // namespace lethe::ops
