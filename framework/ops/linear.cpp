#include "framework/ops/linear.h"

#include <ATen/ops/linear.h>

namespace lethe::ops {

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

}  // namespace lethe::ops
