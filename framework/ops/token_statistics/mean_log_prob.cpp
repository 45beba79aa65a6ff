// mu = sum_v p_v log p_v, minus the entropy: what the model expects its own log-probability to be. d mu/d z_k
// = p_k (log p_k - mu).
#include <ATen/ATen.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops::mean_log_prob_entry {
namespace {

class MeanLogProb final : public TokenStatistic {
 public:
  ChunkTensors holds() const noexcept override { return {.forward = 2, .backward = 3}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    const at::Tensor log_p = at::log_softmax(chunk.logits, 1);
    return log_p.exp().mul_(log_p).sum(1);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    const at::Tensor log_p = at::log_softmax(chunk.logits, 1), p = log_p.exp();
    const at::Tensor mean = (p * log_p).sum(1, true);
    grad.add_(p.mul_(upstream.unsqueeze(1)).mul_(log_p.sub_(mean)));
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<MeanLogProb>(); }

}  // namespace lethe::ops::mean_log_prob_entry
