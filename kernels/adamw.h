// AdamW over a flat shard in one pass: decoupled weight decay, bias-corrected moments, the clip factor on the
// way in and, if asked for, the new weights in the compute dtype on the way out. The arithmetic of
// framework/ops/adamw.cpp.
#pragma once

#include "kernels/kernels.h"

namespace lethe::kernels {

struct AdamwStep {
  double learning_rate, beta1, beta2, epsilon, weight_decay;
  std::int64_t step;      // 1-based
  double gradient_scale;  // the clip factor
};

template <class Gradient>
struct AdamwShard {
  float* weights;             // [size]
  const Gradient* gradients;  // [size] float or Bf16
  float* first_moment;        // [size]
  float* second_moment;       // [size]
  Bf16* rounded_weights;      // [size] the new weights, rounded; null: not wanted
  std::int64_t size;
};
template <class Gradient>
void adamw(const AdamwShard<Gradient>& shard, const AdamwStep& step, Stream stream);

}  // namespace lethe::kernels
