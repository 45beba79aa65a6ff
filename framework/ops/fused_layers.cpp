// The kernels that autograd goes through: RMSNorm, rotary embedding, SwiGLU.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "framework/ops/fused.h"
#include "framework/ops/kernel_call.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"

namespace lethe::ops::fused {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using Gradients = torch::autograd::variable_list;

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& gain,
                            double eps) {
    const at::Tensor x = input.contiguous();
    const std::int64_t width = x.size(-1), rows = x.numel() / width;
    const at::Tensor y = at::empty_like(x), inverse = at::empty({rows}, x.options().dtype(at::kFloat));
    by_element(x, [&]<class T>(T) {
      kernels::rms_norm_forward<T>({.x = pointer<T>(x),
                                    .residual = nullptr,
                                    .gain = pointer<T>(gain),
                                    .sum = nullptr,
                                    .y = pointer<T>(y),
                                    .inverse = pointer<float>(inverse),
                                    .rows = rows,
                                    .width = width,
                                    .epsilon = static_cast<float>(eps)},
                                   queue_of(x));
    });
    context->save_for_backward({x, gain, inverse});
    return y;
  }

  static Gradients backward(AutogradContext* context, const Gradients& upstream) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &gain = saved[1], &inverse = saved[2];
    const at::Tensor grad_y = upstream[0].contiguous();
    const std::int64_t width = x.size(-1), rows = x.numel() / width;
    const at::TensorOptions wide = x.options().dtype(at::kFloat);
    const at::Tensor grad_x = at::empty_like(x), grad_gain = at::zeros({width}, wide),
                     partial = at::empty({kernels::rms_norm_partial_rows(rows), width}, wide);
    by_element(x, [&]<class T>(T) {
      kernels::rms_norm_backward<T>({.sum = pointer<T>(x),
                                     .gain = pointer<T>(gain),
                                     .grad_y = pointer<T>(grad_y),
                                     .grad_sum = nullptr,
                                     .inverse = pointer<float>(inverse),
                                     .grad_x = pointer<T>(grad_x),
                                     .grad_gain = pointer<float>(grad_gain),
                                     .partial = pointer<float>(partial),
                                     .rows = rows,
                                     .width = width},
                                    queue_of(x));
    });
    return {grad_x, grad_gain.to(gain.scalar_type()), Variable()};
  }
};

at::Tensor turned(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, kernels::Turn turn) {
  const at::Tensor y = at::empty_like(x);
  by_element(x, [&]<class T>(T) {
    kernels::rope<T>({.x = pointer<T>(x),
                      .cos = pointer<T>(cos),
                      .sin = pointer<T>(sin),
                      .y = pointer<T>(y),
                      .tokens = x.size(0),
                      .heads = x.size(1),
                      .head_dim = x.size(2)},
                     turn, queue_of(x));
  });
  return y;
}

struct Rope : torch::autograd::Function<Rope> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cos,
                            const at::Tensor& sin) {
    context->save_for_backward({cos, sin});
    return turned(x.contiguous(), cos, sin, kernels::Turn::forward);
  }
  static Gradients backward(AutogradContext* context, const Gradients& upstream) {
    const auto saved = context->get_saved_variables();
    return {turned(upstream[0].contiguous(), saved[0], saved[1], kernels::Turn::back), Variable(),
            Variable()};
  }
};

struct Swiglu : torch::autograd::Function<Swiglu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_in, const at::Tensor& up_in) {
    const at::Tensor gate = gate_in.contiguous(), up = up_in.contiguous(), y = at::empty_like(gate);
    by_element(gate, [&]<class T>(T) {
      kernels::swiglu_forward<T>(pointer<T>(gate), pointer<T>(up), pointer<T>(y), gate.numel(),
                                 queue_of(gate));
    });
    context->save_for_backward({gate, up});
    return y;
  }
  static Gradients backward(AutogradContext* context, const Gradients& upstream) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1], grad_y = upstream[0].contiguous();
    const at::Tensor grad_gate = at::empty_like(gate), grad_up = at::empty_like(up);
    by_element(gate, [&]<class T>(T) {
      kernels::swiglu_backward<T>({.gate = pointer<T>(gate),
                                   .up = pointer<T>(up),
                                   .grad_y = pointer<T>(grad_y),
                                   .grad_gate = pointer<T>(grad_gate),
                                   .grad_up = pointer<T>(grad_up),
                                   .size = gate.numel()},
                                  queue_of(gate));
    });
    return {grad_gate, grad_up};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gain, double eps) {
  return RmsNorm::apply(x, gain, eps);
}
at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  return Rope::apply(x, cos, sin);
}
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) { return Swiglu::apply(gate, up); }

}  // namespace lethe::ops::fused
