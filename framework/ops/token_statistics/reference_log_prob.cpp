// log p(target) of the frozen model, in the same margin form as log_prob. A constant: it has no gradient.
#include "framework/ops/token_statistic.h"

namespace lethe::ops::reference_log_prob_entry {
namespace {

class ReferenceLogProb final : public TokenStatistic {
 public:
  bool needs_reference_logits() const noexcept override { return true; }
  ChunkTensors holds() const noexcept override { return {.forward = 1, .backward = 0}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    return make_token_statistic("log_prob")
        ->forward({.logits = chunk.reference_logits, .targets = chunk.targets, .reference_logits = {}});
  }
  void add_backward(const LogitChunk&, const at::Tensor&, at::Tensor&) const override {}
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<ReferenceLogProb>(); }

}  // namespace lethe::ops::reference_log_prob_entry
