// log p(target) in margin form: with s = LSE_{v != t}(z_v - z_t), P = -softplus(s). It keeps relative
// accuracy when p -> 1, where log_softmax has only absolute accuracy. dP/dz_t = q, dP/dz_v = -q softmax_{v !=
// t}(z)_v, q = sigmoid(s).
#include <ATen/ATen.h>

#include <limits>

#include "framework/ops/fused.h"
#include "framework/ops/token_statistic.h"

namespace lethe::ops::log_prob_entry {
namespace {

struct Margin {
  at::Tensor others;    // [chunk, vocab] exp(z_v - max of the others), 0 at the target
  at::Tensor sum;       // [chunk, 1] of others
  at::Tensor log_odds;  // [chunk, 1] s: the log-odds against the target
};

Margin margin(const LogitChunk& chunk) {
  const at::Tensor target = chunk.targets.unsqueeze(1);
  const at::Tensor target_logit = chunk.logits.gather(1, target);
  at::Tensor others = chunk.logits.scatter(1, target, -std::numeric_limits<double>::infinity());
  const at::Tensor largest = others.amax(1, true);
  others.sub_(largest).exp_();
  const at::Tensor sum = others.sum(1, true);
  return {others, sum, (largest - target_logit) + sum.log()};
}

class LogProb final : public TokenStatistic {
 public:
  at::Tensor forward(const LogitChunk& chunk) const override {
    if (fused::takes(chunk.logits)) return fused::log_prob(chunk.logits, chunk.targets);
    const at::Tensor s = margin(chunk).log_odds.squeeze(1);
    // softplus(s) = max(s, 0) + log1p(exp(-|s|)): exact at both ends.
    return -(s.clamp_min(0) + at::log1p(at::exp(-s.abs())));
  }

  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    if (fused::takes(chunk.logits) && grad.scalar_type() == chunk.logits.scalar_type())
      return fused::add_log_prob_backward(chunk.logits, chunk.targets, upstream, grad);
    const Margin m = margin(chunk);
    const at::Tensor scale = upstream.unsqueeze(1) * at::sigmoid(m.log_odds);  // g q
    grad.addcmul_(m.others, -(scale / m.sum));
    grad.scatter_add_(1, chunk.targets.unsqueeze(1), scale);
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<LogProb>(); }

}  // namespace lethe::ops::log_prob_entry
