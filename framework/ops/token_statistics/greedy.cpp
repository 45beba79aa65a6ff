// 1 where the target is the model's first choice (the lowest id among equals), else 0. A step function: its
// gradient is zero.
#include <ATen/ATen.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops::greedy_entry {
namespace {

class Greedy final : public TokenStatistic {
 public:
  ChunkTensors holds() const noexcept override { return {.forward = 0, .backward = 0}; }
  at::Tensor forward(const LogitChunk& chunk) const override {
    return chunk.logits.argmax(1).eq(chunk.targets).to(chunk.logits.scalar_type());
  }
  void add_backward(const LogitChunk&, const at::Tensor&, at::Tensor&) const override {}
};

}  // namespace

std::unique_ptr<TokenStatistic> make() { return std::make_unique<Greedy>(); }

}  // namespace lethe::ops::greedy_entry
