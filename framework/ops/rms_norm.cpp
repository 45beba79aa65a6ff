#include "framework/ops/rms_norm.h"

#include <ATen/ATen.h>

namespace lethe::ops {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gain, double eps) {
  const at::Tensor wide =
      x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf ? x.to(at::kFloat) : x;
  const at::Tensor inverse = at::rsqrt(wide.pow(2).mean(-1, true) + eps);
  return gain * (wide * inverse).to(x.scalar_type());
}

}  // namespace lethe::ops
