#include "framework/optim/adamw.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/memory_counter.h"
#include "framework/ops/adamw.h"

namespace lethe::optim {
namespace {

std::vector<ParameterGroup> read_groups(config::Section& section) {
  std::vector<ParameterGroup> groups;
  for (config::Section& entry : section.sections(
           "groups",
           "parameters with settings of their own, the first group that matches: `match`, patterns as in "
           "train.trainable; `weight_decay`, the optimizer's where absent; `learning_rate_scale`, times "
           "train.learning_rate")) {
    ParameterGroup& group = groups.emplace_back();
    entry.required("match", group.match, "patterns of the parameters of this group")
        .maybe("weight_decay", group.weight_decay, "of this group; the optimizer's where absent",
               config::at_least(0))
        .optional("learning_rate_scale", group.learning_rate_scale, "times train.learning_rate",
                  config::above(0));
    entry.reject_unknown();
    if (group.match.empty()) entry.refuse("match", "config.range", "a group without a pattern");
  }
  return groups;
}

}  // namespace

AdamWOptions read_adamw(config::Section section) {
  AdamWOptions o;
  section.optional("beta1", o.beta1, "decay of the first moment", config::between(0, 0.999999))
      .optional("beta2", o.beta2, "decay of the second moment", config::between(0, 0.9999999))
      .optional("epsilon", o.epsilon, "added to the root of the second moment", config::above(0))
      .optional("weight_decay", o.weight_decay,
                "decoupled weight decay, on every parameter that no group says otherwise of",
                config::at_least(0))
      .choice("moments", o.moments, {"float32", "bfloat16"},
              "dtype that moments are kept in (float64 in float64 runs); updates are float32 all the same")
      .choice("rounding", o.rounding, {"nearest", "stochastic"},
              "of moments kept in bfloat16. To nearest, a second moment stops growing where a step of "
              "1 - beta2 is below half a unit of bf16; stochastic rounding, keyed by seed, step and element, "
              "is right in the mean");
  o.groups = read_groups(section);
  section.reject_unknown();
  return o;
}

AdamW::AdamW(AdamWOptions options, sharding::WeightStore& weights, const std::vector<bool>& trained,
             const std::vector<int>& groups)
    : options_(std::move(options)), weights_(weights) {
  const base::MemoryScope memory(base::Memory::moments);
  for (int s = 0; s < static_cast<int>(weights.index().segments().size()); ++s) {
    ranges_.push_back(ranges_of(s, trained, groups));
    const at::Tensor& master = weights.master(s);
    const auto dtype = options_.moments == "bfloat16" ? at::kBFloat16 : master.scalar_type();
    for (auto* moments : {&first_, &second_})
      moments->push_back(
          at::zeros({ranges_.back().empty() ? 0 : master.numel()}, master.options().dtype(dtype)));
    device_bytes_.count(first_.back()), device_bytes_.count(second_.back());
  }
}

std::vector<AdamW::Range> AdamW::ranges_of(int segment, const std::vector<bool>& trained,
                                           const std::vector<int>& groups) const {
  const sharding::ShardPart part = weights_.layout().part(segment, weights_.grid().shard_rank());
  const models::Segment& whole = weights_.index().segments()[segment];
  std::vector<Range> ranges;
  for (int p = whole.first_parameter; p < whole.first_parameter + whole.num_parameters; ++p) {
    const models::Parameter& parameter = weights_.index().parameters()[p];
    const std::uint64_t begin = std::max(parameter.first, part.first),
                        end = std::min(parameter.first + parameter.count, part.first + part.valid);
    if ((!trained.empty() && !trained[p]) || begin >= end) continue;
    const Range range{static_cast<std::int64_t>(begin - part.first), static_cast<std::int64_t>(end - begin),
                      groups.empty() ? -1 : groups[p]};
    const bool goes_on = !ranges.empty() && ranges.back().group == range.group &&
                         ranges.back().first + ranges.back().count == range.first;
    if (goes_on)
      ranges.back().count += range.count;
    else
      ranges.push_back(range);
  }
  return ranges;
}

std::size_t AdamW::bytes() const noexcept {
  std::size_t total = 0;
  for (const auto* moments : {&first_, &second_})
    for (const at::Tensor& moment : *moments) total += moment.nbytes();
  return total;
}

ops::AdamWStep AdamW::settings(int group, double learning_rate, double gradient_scale) const {
  const ParameterGroup own = group < 0 ? ParameterGroup{} : options_.groups[static_cast<std::size_t>(group)];
  return {.learning_rate = learning_rate * own.learning_rate_scale,
          .beta1 = options_.beta1,
          .beta2 = options_.beta2,
          .epsilon = options_.epsilon,
          .weight_decay = own.weight_decay.value_or(options_.weight_decay),
          .step = steps_done_,
          .gradient_scale = gradient_scale};
}

void AdamW::update(int segment, const Range& range, const at::Tensor& gradients, const ops::AdamWStep& step) {
  const auto cut = [&](const at::Tensor& x) { return x.narrow(0, range.first, range.count); };
  const ops::MomentRounding rounding{
      .stochastic = options_.rounding == "stochastic",
      .key = {.seed = options_.seed,
              .stream = base::Stream::rounding,
              .draw = static_cast<std::uint32_t>(steps_done_)},
      .first = weights_.layout().part(segment, weights_.grid().shard_rank()).first +
               static_cast<std::uint64_t>(range.first)};
  ops::adamw(cut(weights_.master(segment)), cut(gradients), cut(first_[segment]), cut(second_[segment]), step,
             rounding);
}

void AdamW::step(sharding::GradientStore& gradients, double learning_rate, double gradient_scale,
                 WeightChanges* changes) {
  ++steps_done_;
  const at::ScalarType seen = weights_.options().seen();
  for (int s = 0; s < static_cast<int>(first_.size()); ++s) {
    for (const Range& range : ranges_[s]) {
      const at::Tensor weights = weights_.master(s).narrow(0, range.first, range.count);
      const at::Tensor before = changes ? weights.to(seen, false, /*copy=*/true) : at::Tensor();
      update(s, range, gradients.part(s), settings(range.group, learning_rate, gradient_scale));
      if (!changes) continue;
      changes->changed += before.ne(weights.to(seen)).sum().item<std::int64_t>();
      changes->trained += range.count;
    }
  }
  weights_.weights_changed();
}

}  // namespace lethe::optim
