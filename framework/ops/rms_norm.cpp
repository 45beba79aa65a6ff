#include "framework/ops/rms_norm.h"

#include <ATen/ATen.h>

#include "framework/ops/fused.h"

namespace lethe::ops {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gain, double eps) {
  if (fused::takes(x)) return fused::rms_norm(x, gain, eps);
  const at::Tensor wide =
      x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf ? x.to(at::kFloat) : x;
  const at::Tensor inverse = at::rsqrt(wide.pow(2).mean(-1, true) + eps);
  return gain * (wide * inverse).to(x.scalar_type());
}

Jet rms_norm(const Jet& x, const JetWeight& gain, double eps) {
  const Jet wide = widened(x);
  const at::Tensor x0 = wide.value(), x1 = wide.first(), x2 = wide.second(), g = widened(gain.value);
  const at::Tensor m0 = x0.pow(2).mean(-1, true) + eps, m1 = 2 * (x0 * x1).mean(-1, true);
  const at::Tensor m2 = 2 * (x1.pow(2).sum(0) + x0 * x2).mean(-1, true);
  const at::Tensor r0 = at::rsqrt(m0), slope = -0.5 * r0 / m0, curve = 0.75 * r0 / m0.pow(2);
  const at::Tensor r1 = slope * m1, r2 = slope * m2 + curve * m1.pow(2).sum(0);
  const at::Tensor n0 = x0 * r0, n1 = x1 * r0 + x0 * r1;
  const at::Tensor n2 = x2 * r0 + 2 * (x1 * r1).sum(0) + x0 * r2;
  at::Tensor y1 = n1 * g, y2 = n2 * g;
  for (std::int64_t d = 0; gain.moves && d < x.num_directions(); ++d) {
    const at::Tensor z = gain.direction(d, g.scalar_type());
    y1.select(0, d).addcmul_(n0, z);
    y2.addcmul_(n1.select(0, d), z, 2);
  }
  return Jet(n0 * g, y1, y2, x.scalar_type());
}

}  // namespace lethe::ops
