#include "framework/ops/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/ops/fused.h"

namespace lethe::ops {

template <class T>
void adamw(std::span<T> weights, std::span<const T> gradients, std::span<T> first_moment,
           std::span<T> second_moment, const AdamWStep& s) {
  const T beta1 = static_cast<T>(s.beta1), beta2 = static_cast<T>(s.beta2),
          scale = static_cast<T>(s.gradient_scale);
  const T keep = static_cast<T>(1 - s.learning_rate * s.weight_decay);
  const T size = static_cast<T>(s.learning_rate / (1 - std::pow(s.beta1, s.step)));
  const T root = static_cast<T>(1 / std::sqrt(1 - std::pow(s.beta2, s.step)));
  const T epsilon = static_cast<T>(s.epsilon);
  T* __restrict w = weights.data();
  const T* __restrict g = gradients.data();
  T* __restrict m = first_moment.data();
  T* __restrict v = second_moment.data();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const T gradient = g[i] * scale;
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    w[i] = w[i] * keep - size * m[i] / (std::sqrt(v[i]) * root + epsilon);
  }
}

template void adamw(std::span<float>, std::span<const float>, std::span<float>, std::span<float>,
                    const AdamWStep&);
template void adamw(std::span<double>, std::span<const double>, std::span<double>, std::span<double>,
                    const AdamWStep&);

namespace {

template <class T>
void adamw_in_host_memory(const at::Tensor& weights, const at::Tensor& gradients, const at::Tensor& first,
                          const at::Tensor& second, const AdamWStep& step) {
  const auto size = static_cast<std::size_t>(weights.numel());
  adamw<T>({weights.mutable_data_ptr<T>(), size}, {gradients.const_data_ptr<T>(), size},
           {first.mutable_data_ptr<T>(), size}, {second.mutable_data_ptr<T>(), size}, step);
}

// Where there is no kernel: float64 on a GPU.
void adamw_by_tensors(at::Tensor weights, const at::Tensor& gradients, at::Tensor first, at::Tensor second,
                      const AdamWStep& s) {
  const at::Tensor gradient = gradients * s.gradient_scale;
  first.mul_(s.beta1).add_(gradient, 1 - s.beta1);
  second.mul_(s.beta2).addcmul_(gradient, gradient, 1 - s.beta2);
  const double size = s.learning_rate / (1 - std::pow(s.beta1, s.step)),
               root = 1 / std::sqrt(1 - std::pow(s.beta2, s.step));
  weights.mul_(1 - s.learning_rate * s.weight_decay)
      .addcdiv_(first, second.sqrt().mul_(root).add_(s.epsilon), -size);
}

}  // namespace

void adamw(const at::Tensor& weights, const at::Tensor& gradients, const at::Tensor& first_moment,
           const at::Tensor& second_moment, const AdamWStep& step) {
  if (fused::takes(weights)) return fused::adamw(weights, gradients, first_moment, second_moment, step);
  if (!weights.is_cpu()) return adamw_by_tensors(weights, gradients, first_moment, second_moment, step);
  const auto run =
      weights.scalar_type() == at::kDouble ? adamw_in_host_memory<double> : adamw_in_host_memory<float>;
  run(weights, gradients, first_moment, second_moment, step);
}

}  // namespace lethe::ops
