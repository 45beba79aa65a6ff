// m = sum_v p_v log^2 p_v, for the variance of the model's own log-probability. d m/d z_k = p_k (log^2 p_k -
// m + 2 (log p_k - mu)), mu = sum_v p_v log p_v.
#include <ATen/ATen.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops::mean_squared_log_prob_entry {
namespace {

class MeanSquaredLogProb final : public TokenStatistic {
 public:
  ChunkTensors holds() const noexcept override { return {.forward = 2, .backward = 4}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    const at::Tensor log_p = at::log_softmax(chunk.logits, 1);
    return log_p.exp().mul_(log_p).mul_(log_p).sum(1);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    const at::Tensor log_p = at::log_softmax(chunk.logits, 1), p = log_p.exp(), square = log_p * log_p;
    const at::Tensor mean = (p * log_p).sum(1, true), mean_square = (p * square).sum(1, true);
    square.sub_(mean_square).add_(log_p.sub_(mean), 2);
    grad.add_(p.mul_(upstream.unsqueeze(1)).mul_(square));
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<MeanSquaredLogProb>(); }

}  // namespace lethe::ops::mean_squared_log_prob_entry
