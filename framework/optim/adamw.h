// Sharded AdamW: each rank updates its own part of every segment; moments live beside the masters, in their
// dtype.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "framework/config/section.h"
#include "framework/sharding/gradient_store.h"
#include "framework/sharding/weight_store.h"

namespace lethe::optim {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.0;
};
[[nodiscard]] AdamWOptions read_adamw(config::Section section);

class AdamW {
 public:
  AdamW(AdamWOptions options, sharding::WeightStore& weights);

  // One update of this rank's masters with the finished gradients times gradient_scale; tells the store that
  // its weights changed.
  void step(sharding::GradientStore& gradients, double learning_rate, double gradient_scale);

  std::int64_t steps_done() const noexcept { return steps_done_; }
  void set_steps_done(std::int64_t steps) noexcept { steps_done_ = steps; }
  at::Tensor& first_moment(int segment) { return first_[segment]; }  // [part_size(segment)], as the masters
  at::Tensor& second_moment(int segment) { return second_[segment]; }

 private:
  AdamWOptions options_;
  sharding::WeightStore& weights_;
  std::vector<at::Tensor> first_, second_;
  std::int64_t steps_done_ = 0;
};

}  // namespace lethe::optim
