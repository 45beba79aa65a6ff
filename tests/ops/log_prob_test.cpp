#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(LogProb, KeepsRelativeAccuracyWhereTheTokenIsCertain) {
  at::Tensor logits = at::zeros({1, 2});
  logits[0][0] = 40.0f;
  const at::Tensor p =
      make_token_statistic("log_prob")
          ->forward({.logits = logits, .targets = at::zeros({1}, at::kLong), .reference_logits = {}});
  EXPECT_NEAR(p.item<double>() / -std::exp(-40.0), 1.0, 1e-5);
}

TEST(LogProb, GradientIsThatOfLogSoftmax) {
  at::Tensor logits = at::randn({6, 11}, at::kDouble).mul_(3).requires_grad_(true);
  const at::Tensor targets = at::arange(6), upstream = at::arange(6).to(at::kDouble) - 2;
  at::Tensor expected_value = at::log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).squeeze(1);
  (expected_value * upstream).sum().backward();
  const auto statistic = make_token_statistic("log_prob");
  const LogitChunk chunk{.logits = logits.detach(), .targets = targets, .reference_logits = {}};
  at::Tensor gradient = at::zeros({6, 11}, at::kDouble);
  statistic->add_backward(chunk, upstream, gradient);
  EXPECT_LE((statistic->forward(chunk) - expected_value).abs().max().item<double>(), 1e-13);
  EXPECT_LE((gradient - logits.grad()).abs().max().item<double>(), 1e-13);
}

}  // namespace
}  // namespace lethe::ops
