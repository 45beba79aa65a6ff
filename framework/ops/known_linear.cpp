#include "framework/ops/known_linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "framework/ops/product.h"

namespace lethe::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The products of the backward stand as LibTorch's own derivative of mm and addmm has them: another order of
// operands would be another kernel and other last bits.
struct KnownLinear : torch::autograd::Function<KnownLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, const at::Tensor& y) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.has_value();
    return y.variable_data();  // shares the bytes; a view would tie the graph to y
  }

  static variable_list backward(AutogradContext* context, variable_list upstream) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& gradient = upstream[0];
    variable_list gradients(4);
    if (context->needs_input_grad(0)) gradients[0] = product(gradient, saved[1]);
    if (context->needs_input_grad(1)) gradients[1] = product(gradient.t(), saved[0]);
    if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) gradients[2] = gradient.sum(0);
    return gradients;
  }
};

}  // namespace

at::Tensor known_linear(const at::Tensor& y, const at::Tensor& x, const at::Tensor& weight,
                        const at::Tensor& bias) {
  return KnownLinear::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, y);
}

}  // namespace lethe::ops
