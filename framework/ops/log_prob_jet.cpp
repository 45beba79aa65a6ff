#include "framework/ops/log_prob_jet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "framework/ops/embedding.h"
#include "framework/ops/linear.h"

namespace lethe::ops {
namespace {

constexpr std::int64_t kSliceElements = std::int64_t{1} << 23;  // of the logits' parts, in one slice

// Logits of the targets, as jets: value and second [tokens, 1], first [directions, tokens, 1].
Jet target_logits(const Jet& x, const Jet& rows) {
  const auto dot = [](const at::Tensor& a, const at::Tensor& b) { return (a * b).sum(-1, true); };
  const at::Tensor w0 = rows.value(), z = rows.first();
  return Jet(dot(x.value(), w0), dot(x.first(), w0) + dot(x.value(), z),
             dot(x.second(), w0) + 2 * dot(x.first(), z).sum(0), x.scalar_type());
}

// sum_{v != t} over the slices so far, relative to `largest`, in float64: of e = exp(z_v - z_t), of e (z1_v -
// z1_t) by direction, and of e (second + sum_d first^2).
class MarginSums {
 public:
  MarginSums(std::int64_t directions, std::int64_t tokens, at::Device device) {
    const auto options = at::TensorOptions(at::kDouble).device(device);
    largest_ = at::full({tokens, 1}, -std::numeric_limits<double>::infinity(), options);
    sum_ = at::zeros({tokens, 1}, options);
    first_ = at::zeros({directions, tokens, 1}, options);
    second_ = at::zeros({tokens, 1}, options);
  }

  // slice: logits relative to the target's, the target itself at -infinity.
  void add(const Jet& slice) {
    const at::Tensor largest = at::maximum(largest_, slice.value().amax(-1, true).to(at::kDouble));
    const at::Tensor shrink = at::exp(largest_ - largest);
    const at::Tensor e = at::exp(slice.value() - largest.to(slice.scalar_type()));
    const auto fold = [&](at::Tensor& total, const at::Tensor& values) {
      total.mul_(shrink).add_((e * values).sum(-1, true, at::kDouble));
    };
    sum_.mul_(shrink).add_(e.sum(-1, true, at::kDouble));
    fold(first_, slice.first());
    fold(second_, slice.second() + slice.first().pow(2).sum(0));
    largest_ = largest;
  }

  LogProbJet log_prob(at::ScalarType dtype) const {
    const at::Tensor m = largest_ + sum_.log(), m1 = first_ / sum_;
    const at::Tensor square = m1.pow(2).sum(0), m2 = second_ / sum_ - square;
    const at::Tensor q = at::sigmoid(m);
    const auto flat = [&](const at::Tensor& x) { return x.squeeze(-1).to(dtype); };
    return {flat(-(m.clamp_min(0) + at::log1p(at::exp(-m.abs())))), flat(-q * m1),
            flat(-(q * m2 + q * at::sigmoid(-m) * square))};
  }

 private:
  at::Tensor largest_, sum_, first_, second_;
};

// Puts -infinity where a target lies in rows [row, row + count) of the vocabulary.
void leave_out_targets(at::Tensor logits, const at::Tensor& targets, std::int64_t row, std::int64_t count) {
  const at::Tensor local = targets - row;
  const at::Tensor inside = at::nonzero((local >= 0).logical_and(local < count)).squeeze(1);
  logits.index_put_({inside, local.index_select(0, inside)},
                    at::full({}, -std::numeric_limits<double>::infinity(), logits.options()));
}

}  // namespace

LogProbJet log_prob(const Jet& inputs, const JetWeight& weight, const at::Tensor& targets) {
  const Jet x = widened(inputs);
  const std::int64_t vocab = weight.value.size(0), tokens = x.size(0);
  const at::Tensor target = target_logits(x, widened(embedding(weight, targets))).parts();
  const std::int64_t slice = std::max<std::int64_t>(16, kSliceElements / (x.parts().size(0) * tokens));
  MarginSums sums(x.num_directions(), tokens, x.parts().device());
  for (std::int64_t row = 0; row < vocab; row += slice) {
    const std::int64_t count = std::min(slice, vocab - row);
    JetWeight part = weight.rows(row, count);
    part.value = widened(part.value);
    const Jet logits(linear(x, part).parts().sub_(target));
    leave_out_targets(logits.value(), targets, row, count);
    sums.add(logits);
  }
  return sums.log_prob(x.scalar_type());
}

}  // namespace lethe::ops
