// KL(reference || model) of the next-token distributions: sum_v p_ref (log p_ref - log p). d/dz = p - p_ref.
#include <ATen/ATen.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops::reference_kl_entry {
namespace {

class ReferenceKl final : public TokenStatistic {
 public:
  bool needs_reference_logits() const noexcept override { return true; }
  ChunkTensors holds() const noexcept override { return {.forward = 2, .backward = 2}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    const at::Tensor reference = at::log_softmax(chunk.reference_logits, 1);
    at::Tensor difference = at::log_softmax(chunk.logits, 1).neg_().add_(reference);
    return difference.mul_(reference.exp_()).sum(1);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    const at::Tensor difference = at::softmax(chunk.logits, 1).sub_(at::softmax(chunk.reference_logits, 1));
    grad.addcmul_(difference, upstream.unsqueeze(1));
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<ReferenceKl>(); }

}  // namespace lethe::ops::reference_kl_entry
