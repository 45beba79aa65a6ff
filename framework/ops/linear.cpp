#include "framework/ops/linear.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/ops/known_linear.h"
#include "framework/ops/product.h"

namespace lethe::ops {
namespace {

constexpr std::int64_t kDirectionElements = std::int64_t{1} << 20;  // of Z_d alive at once

// Adds Z_d x0 to the first derivatives of y and 2 Z_d x1_d to its second one.
void add_direction(const Jet& x, const JetWeight& weight, std::int64_t d, const Jet& y) {
  const std::int64_t tokens = x.size(0), out = weight.value.size(0), in = weight.value.size(1);
  const at::Tensor inputs = at::cat({x.value(), x.first(d)});  // [2 tokens, in]
  const std::int64_t block = std::max<std::int64_t>(1, kDirectionElements / in);
  for (std::int64_t row = 0; row < out; row += block) {
    const std::int64_t count = std::min(block, out - row);
    const at::Tensor z = weight.rows(row, count).direction(d, x.scalar_type());
    const at::Tensor both = product(inputs, z.t());  // [2 tokens, count]
    y.first(d).narrow(1, row, count).add_(both.narrow(0, 0, tokens));
    y.second().narrow(1, row, count).add_(both.narrow(0, tokens, tokens), 2);
  }
}

at::Tensor value_of_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::NoGradGuard no_grad;
  const at::Tensor y = product(x, weight.t());
  return bias.defined() ? y.add_(bias) : y;
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (multiplied_natively(x.scalar_type(), x.device()))
    return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
  return known_linear(value_of_linear(x, weight, bias), x, weight, bias);
}

Jet linear(const Jet& x, const JetWeight& weight, const JetWeight& bias) {
  const std::int64_t parts = x.parts().size(0), tokens = x.size(0), out = weight.value.size(0);
  const Jet y(product(x.parts().reshape({parts * tokens, -1}), weight.value.t()).view({parts, tokens, out}));
  for (std::int64_t d = 0; weight.moves && d < x.num_directions(); ++d) add_direction(x, weight, d, y);
  if (bias.value.defined()) {
    y.value().add_(bias.value);
    for (std::int64_t d = 0; bias.moves && d < x.num_directions(); ++d)
      y.first(d).add_(bias.direction(d, x.scalar_type()));
  }
  return y;
}

}  // namespace lethe::ops
