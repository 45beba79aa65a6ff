// Sharded AdamW: each rank updates its own part of every segment; moments live beside the masters, in their
// dtype or in bf16.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/sharding/device_bytes.h"
#include "framework/sharding/gradient_store.h"
#include "framework/sharding/weight_store.h"

namespace lethe::ops {
struct AdamWStep;
}

namespace lethe::optim {

// Parameters with settings of their own, by patterns of their names.
struct ParameterGroup {
  std::vector<std::string> match;
  std::optional<double> weight_decay;  // the optimizer's where it is not set
  double learning_rate_scale = 1;
};

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.0;
  std::string moments = "float32";      // float32 (as the masters: float64 in float64 runs), bfloat16
  std::string rounding = "stochastic";  // of moments in bfloat16: nearest, stochastic
  std::vector<ParameterGroup> groups;
  std::uint64_t seed = 0;  // of stochastic rounding: the run's
};
[[nodiscard]] AdamWOptions read_adamw(config::Section section);

// How many of the trained weights an update changed as the blocks see them (StoreOptions::seen): a learning
// rate that is too small for bf16 changes nothing, and the loss does not say so.
struct WeightChanges {
  std::int64_t changed = 0, trained = 0;
};

class AdamW {
 public:
  // `trained`: by parameter; empty: all. Frozen weights are left alone, weight decay too, and segments
  // without a trained one have no moments. `groups`: by parameter, its place in options.groups or -1; empty:
  // no parameter has one.
  AdamW(AdamWOptions options, sharding::WeightStore& weights, const std::vector<bool>& trained = {},
        const std::vector<int>& groups = {});

  // One update of this rank's masters with the finished gradients times gradient_scale; tells the store that
  // its weights changed. `changes`, if asked for: of this rank's part.
  void step(sharding::GradientStore& gradients, double learning_rate, double gradient_scale,
            WeightChanges* changes = nullptr);

  const AdamWOptions& options() const noexcept { return options_; }
  std::int64_t steps_done() const noexcept { return steps_done_; }
  void set_steps_done(std::int64_t steps) noexcept { steps_done_ = steps; }
  // [part_size(segment)]; empty where nothing of this rank's part is trained.
  at::Tensor& first_moment(int segment) { return first_[segment]; }
  at::Tensor& second_moment(int segment) { return second_[segment]; }
  std::size_t bytes() const noexcept;  // of the moments

 private:
  struct Range {  // of this rank's part of a segment, without padding
    std::int64_t first, count;
    int group;  // -1: none
  };
  std::vector<Range> ranges_of(int segment, const std::vector<bool>& trained,
                               const std::vector<int>& groups) const;
  ops::AdamWStep settings(int group, double learning_rate, double gradient_scale) const;
  void update(int segment, const Range& range, const at::Tensor& gradients, const ops::AdamWStep& step);

  AdamWOptions options_;
  sharding::WeightStore& weights_;
  std::vector<std::vector<Range>> ranges_;  // by segment
  std::vector<at::Tensor> first_, second_;
  sharding::DeviceBytes device_bytes_;
  std::int64_t steps_done_ = 0;
};

}  // namespace lethe::optim
