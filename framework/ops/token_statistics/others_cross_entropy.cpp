// The model against its own beliefs with the target removed (the beliefs held constant): CE-U. With T those
// beliefs, d/dz = p - T = p_target (onehot(target) - T): the difference itself would cancel where the target
// is unlikely.
#include <ATen/ATen.h>

#include "framework/ops/others_cross_entropy.h"

#include "framework/ops/token_statistic.h"

namespace lethe::ops::others_cross_entropy_entry {
namespace {

// A chunk that brings reference logits brings the constant to hold: the laws differentiate against it.
const at::Tensor& teacher(const LogitChunk& chunk) {
  return chunk.reference_logits.defined() ? chunk.reference_logits : chunk.logits;
}

class OthersCrossEntropy final : public TokenStatistic {
 public:
  ChunkTensors holds() const noexcept override { return {.forward = 2, .backward = 2}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    return others_cross_entropy(chunk.logits, teacher(chunk), chunk.targets);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    const at::Tensor target = chunk.targets.unsqueeze(1);
    const at::Tensor p = at::log_softmax(chunk.logits, 1).gather(1, target).exp_();
    const at::Tensor scale = upstream.unsqueeze(1) * p;
    grad.addcmul_(beliefs_about_others(chunk.logits, chunk.targets), scale, -1);
    grad.scatter_add_(1, target, scale);
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<OthersCrossEntropy>(); }

}  // namespace lethe::ops::others_cross_entropy_entry
