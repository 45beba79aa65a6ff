// How far the largest logit stands above the mean logit: max_v z - mean_v z (PDU squares it). Zero for a
// model that prefers nothing.
#include <ATen/ATen.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops::logit_spread_entry {
namespace {

class LogitSpread final : public TokenStatistic {
 public:
  ChunkTensors holds() const noexcept override { return {.forward = 0, .backward = 0}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    return chunk.logits.amax(1) - chunk.logits.mean(1);
  }
  void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const override {
    const at::Tensor scale = upstream.unsqueeze(1);
    grad.sub_(scale / static_cast<double>(chunk.logits.size(1)));
    grad.scatter_add_(1, chunk.logits.argmax(1, true), scale);
  }
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<LogitSpread>(); }

}  // namespace lethe::ops::logit_spread_entry
