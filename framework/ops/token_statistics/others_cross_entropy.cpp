// The model against its own beliefs with the target removed (the beliefs held constant): CE-U.
#include "framework/ops/others_cross_entropy.h"

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

// A chunk that brings reference logits brings the constant to hold: the laws differentiate against it.
const at::Tensor& teacher(const LogitChunk& chunk) {
  return chunk.reference_logits.defined() ? chunk.reference_logits : chunk.logits;
}

class OthersCrossEntropy final : public TokenStatistic {
 public:
  at::Tensor forward(const LogitChunk& chunk) const override {
    return others_cross_entropy(chunk.logits, teacher(chunk), chunk.targets);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    add_others_cross_entropy_backward(chunk.logits, teacher(chunk), chunk.targets, upstream, grad);
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make_others_cross_entropy() { return std::make_unique<OthersCrossEntropy>(); }

}  // namespace lethe::ops
