// AdamW (arXiv 1711.05101) over a flat shard, one fused pass: decoupled weight decay before the step,
// bias-corrected moments. Moments may be kept in bf16: they are widened, the update is float32, and what is
// kept of them is rounded on the way out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "framework/base/random.h"

namespace lethe::ops {

struct AdamWStep {
  double learning_rate = 0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  std::int64_t step = 1;      // 1-based
  double gradient_scale = 1;  // the clip factor, applied on the way in
};

// How moments in bf16 are rounded: to nearest even, or stochastically with random bits that belong to the
// element, so that no cut into shards shows.
struct MomentRounding {
  bool stochastic = false;
  base::StreamKey key;      // of this step
  std::uint64_t first = 0;  // canonical index of element 0
};

// All spans have one length. T, Moment: float, float; double, double; float, c10::BFloat16.
template <class T, class Moment>
void adamw(std::span<T> weights, std::span<const T> gradients, std::span<Moment> first_moment,
           std::span<Moment> second_moment, const AdamWStep& step, const MomentRounding& rounding = {});

// The same over flat tensors of one length and device, weights and gradients float32 or float64, moments as
// those or bf16: on a GPU the kernel, where it has the dtypes.
void adamw(const at::Tensor& weights, const at::Tensor& gradients, const at::Tensor& first_moment,
           const at::Tensor& second_moment, const AdamWStep& step, const MomentRounding& rounding = {});

}  // namespace lethe::ops
