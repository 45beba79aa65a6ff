// Entropy of the next-token distribution, nats: H = -sum_v p log p. dH/dz_v = -p_v (log p_v + H).
#include <ATen/ATen.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops::entropy_entry {
namespace {

class Entropy final : public TokenStatistic {
 public:
  ChunkTensors holds() const noexcept override { return {.forward = 2, .backward = 3}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    const at::Tensor log_p = at::log_softmax(chunk.logits, 1);
    return -log_p.exp().mul_(log_p).sum(1);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    const at::Tensor log_p = at::log_softmax(chunk.logits, 1), p = log_p.exp();
    const at::Tensor entropy = -(p * log_p).sum(1, true);
    grad.addcmul_(log_p.add_(entropy).mul_(p), upstream.unsqueeze(1), -1);
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<Entropy>(); }

}  // namespace lethe::ops::entropy_entry
