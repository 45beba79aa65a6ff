#include "framework/optim/adamw.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/memory_counter.h"
#include "framework/ops/adamw.h"

namespace lethe::optim {

AdamWOptions read_adamw(config::Section section) {
  AdamWOptions o;
  section.optional("beta1", o.beta1, "decay of the first moment", config::between(0, 0.999999))
      .optional("beta2", o.beta2, "decay of the second moment", config::between(0, 0.9999999))
      .optional("epsilon", o.epsilon, "added to the root of the second moment", config::above(0))
      .optional("weight_decay", o.weight_decay, "decoupled weight decay, on every parameter",
                config::at_least(0));
  section.reject_unknown();
  return o;
}

AdamW::AdamW(AdamWOptions options, sharding::WeightStore& weights, const std::vector<bool>& trained)
    : options_(options), weights_(weights) {
  const base::MemoryScope memory(base::Memory::moments);
  for (int s = 0; s < static_cast<int>(weights.index().segments().size()); ++s) {
    ranges_.push_back(trained_ranges(s, trained));
    const at::Tensor master = ranges_.back().empty() ? weights.master(s).narrow(0, 0, 0) : weights.master(s);
    first_.push_back(at::zeros_like(master));
    second_.push_back(at::zeros_like(master));
    device_bytes_.count(first_.back()), device_bytes_.count(second_.back());
  }
}

std::vector<AdamW::Range> AdamW::trained_ranges(int segment, const std::vector<bool>& trained) const {
  if (trained.empty()) return {{0, static_cast<std::int64_t>(weights_.layout().part_size(segment))}};
  const sharding::ShardPart part = weights_.layout().part(segment, weights_.grid().shard_rank());
  const models::Segment& whole = weights_.index().segments()[segment];
  std::vector<Range> ranges;
  for (int p = whole.first_parameter; p < whole.first_parameter + whole.num_parameters; ++p) {
    const models::Parameter& parameter = weights_.index().parameters()[p];
    const std::uint64_t begin = std::max(parameter.first, part.first),
                        end = std::min(parameter.first + parameter.count, part.first + part.valid);
    if (!trained[p] || begin >= end) continue;
    ranges.push_back({static_cast<std::int64_t>(begin - part.first), static_cast<std::int64_t>(end - begin)});
  }
  return ranges;
}

std::size_t AdamW::bytes() const noexcept {
  std::size_t total = 0;
  for (const auto* moments : {&first_, &second_})
    for (const at::Tensor& moment : *moments) total += moment.nbytes();
  return total;
}

void AdamW::step(sharding::GradientStore& gradients, double learning_rate, double gradient_scale,
                 WeightChanges* changes) {
  const ops::AdamWStep step{.learning_rate = learning_rate,
                            .beta1 = options_.beta1,
                            .beta2 = options_.beta2,
                            .epsilon = options_.epsilon,
                            .weight_decay = options_.weight_decay,
                            .step = ++steps_done_,
                            .gradient_scale = gradient_scale};
  for (int s = 0; s < static_cast<int>(first_.size()); ++s) {
    for (const Range& range : ranges_[s]) {
      const auto cut = [&](const at::Tensor& x) { return x.narrow(0, range.first, range.count); };
      const at::Tensor weights = cut(weights_.master(s));
      const at::Tensor before =
          changes ? weights.to(weights_.options().compute, false, /*copy=*/true) : at::Tensor();
      ops::adamw(weights, cut(gradients.part(s)), cut(first_[s]), cut(second_[s]), step);
      if (!changes) continue;
      changes->changed += before.ne(weights.to(weights_.options().compute)).sum().item<std::int64_t>();
      const auto valid =
          static_cast<std::int64_t>(weights_.layout().part(s, weights_.grid().shard_rank()).valid);
      changes->trained += std::min(range.count, valid - range.first);  // padding is no weight
    }
  }
  weights_.weights_changed();
}

}  // namespace lethe::optim
