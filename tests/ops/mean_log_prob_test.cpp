#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(MeanLogProb, OfAUniformDistributionIsKnown) {
  const at::Tensor value =
      make_token_statistic("mean_log_prob")
          ->forward(
              {.logits = at::ones({1, 7}), .targets = at::zeros({1}, at::kLong), .reference_logits = {}});
  EXPECT_NEAR(value.item<double>(), -std::log(7.0), 1e-6);
}

TEST(MeanLogProb, GradientIsThatOfItsDefinition) {
  at::Tensor logits = at::randn({6, 11}, at::kDouble).mul_(3).requires_grad_(true);
  const at::Tensor upstream = at::arange(6).to(at::kDouble) - 2;
  const at::Tensor log_p = at::log_softmax(logits, 1), p = log_p.exp();
  const at::Tensor expected = (p * log_p).sum(1);
  (expected * upstream).sum().backward();
  const auto statistic = make_token_statistic("mean_log_prob");
  const LogitChunk chunk{.logits = logits.detach(), .targets = at::arange(6), .reference_logits = {}};
  at::Tensor gradient = at::zeros({6, 11}, at::kDouble);
  statistic->add_backward(chunk, upstream, gradient);
  EXPECT_LE((statistic->forward(chunk) - expected).abs().max().item<double>(), 1e-12);
  EXPECT_LE((gradient - logits.grad()).abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace lethe::ops
