// AdamW (arXiv 1711.05101) over a flat shard, one fused pass: decoupled weight decay before the step,
// bias-corrected moments.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace lethe::ops {

struct AdamWStep {
  double learning_rate = 0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  std::int64_t step = 1;      // 1-based
  double gradient_scale = 1;  // the clip factor, applied on the way in
};

// All spans have one length. T: float, double.
template <class T>
void adamw(std::span<T> weights, std::span<const T> gradients, std::span<T> first_moment,
           std::span<T> second_moment, const AdamWStep& step);

// The same over flat tensors of one length, dtype (float32, float64) and device: on a GPU the kernel.
void adamw(const at::Tensor& weights, const at::Tensor& gradients, const at::Tensor& first_moment,
           const at::Tensor& second_moment, const AdamWStep& step);

}  // namespace lethe::ops
