#include "framework/ops/adamw.h"

#include <cmath>

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

}  // namespace lethe::ops
