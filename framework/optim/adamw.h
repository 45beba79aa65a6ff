// Sharded AdamW: each rank updates its own part of every segment; moments live beside the masters, in their
// dtype.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "framework/config/section.h"
#include "framework/sharding/device_bytes.h"
#include "framework/sharding/gradient_store.h"
#include "framework/sharding/weight_store.h"

namespace lethe::optim {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.0;
};
[[nodiscard]] AdamWOptions read_adamw(config::Section section);

// How many of the trained weights an update changed as the blocks see them, in the compute dtype: a learning
// rate that is too small for bf16 changes nothing, and the loss does not say so.
struct WeightChanges {
  std::int64_t changed = 0, trained = 0;
};

class AdamW {
 public:
  // `trained`: by parameter; empty: all. Frozen weights are left alone, weight decay too, and segments
  // without a trained one have no moments.
  AdamW(AdamWOptions options, sharding::WeightStore& weights, const std::vector<bool>& trained = {});

  // One update of this rank's masters with the finished gradients times gradient_scale; tells the store that
  // its weights changed. `changes`, if asked for: of this rank's part.
  void step(sharding::GradientStore& gradients, double learning_rate, double gradient_scale,
            WeightChanges* changes = nullptr);

  std::int64_t steps_done() const noexcept { return steps_done_; }
  void set_steps_done(std::int64_t steps) noexcept { steps_done_ = steps; }
  // [part_size(segment)], as the masters; empty where the segment is frozen.
  at::Tensor& first_moment(int segment) { return first_[segment]; }
  at::Tensor& second_moment(int segment) { return second_[segment]; }
  std::size_t bytes() const noexcept;  // of the moments

 private:
  struct Range {  // of this rank's part of a segment
    std::int64_t first, count;
  };
  std::vector<Range> trained_ranges(int segment, const std::vector<bool>& trained) const;
  AdamWOptions options_;
  sharding::WeightStore& weights_;
  std::vector<std::vector<Range>> ranges_;  // by segment
  std::vector<at::Tensor> first_, second_;
  sharding::DeviceBytes device_bytes_;
  std::int64_t steps_done_ = 0;
};

}  // namespace lethe::optim
