// The model against the frozen model's beliefs about all tokens but the target: UNDIAL, together with
// log_prob and reference_log_prob. Splitting the target off keeps its accuracy where the reference is sure of
// it.
#include "framework/ops/others_cross_entropy.h"
#include "framework/ops/token_statistic.h"

namespace lethe::ops::reference_others_cross_entropy_entry {
namespace {

class ReferenceOthersCrossEntropy final : public TokenStatistic {
 public:
  bool needs_reference_logits() const noexcept override { return true; }
  ChunkTensors holds() const noexcept override { return {.forward = 2, .backward = 2}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    return others_cross_entropy(chunk.logits, chunk.reference_logits, chunk.targets);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    add_others_cross_entropy_backward(chunk.logits, chunk.reference_logits, chunk.targets, upstream, grad);
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<ReferenceOthersCrossEntropy>(); }

}  // namespace lethe::ops::reference_others_cross_entropy_entry
