#include "framework/walk/head.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/token_statistic.h"

namespace lethe::walk {
namespace {

TEST(LogProb, KeepsRelativeAccuracyWhereTheTokenIsCertain) {
  at::Tensor logits = at::zeros({1, 2});
  logits[0][0] = 40.0f;
  const at::Tensor p = ops::make_token_statistic("log_prob")->forward({.logits = logits, .targets = at::zeros({1}, at::kLong), .reference_logits = {}});
  EXPECT_NEAR(p.item<double>() / -std::exp(-40.0), 1.0, 1e-5);
}

TEST(LogProb, GradientIsThatOfLogSoftmax) {
  at::Tensor logits = at::randn({6, 11}, at::kDouble).mul_(3).requires_grad_(true);
  const at::Tensor targets = at::arange(6), upstream = at::arange(6).to(at::kDouble) - 2;
  at::Tensor expected_value = at::log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).squeeze(1);
  (expected_value * upstream).sum().backward();
  const auto statistic = ops::make_token_statistic("log_prob");
  const ops::LogitChunk chunk{.logits = logits.detach(), .targets = targets, .reference_logits = {}};
  at::Tensor gradient = at::zeros({6, 11}, at::kDouble);
  statistic->add_backward(chunk, upstream, gradient);
  EXPECT_LE((statistic->forward(chunk) - expected_value).abs().max().item<double>(), 1e-13);
  EXPECT_LE((gradient - logits.grad()).abs().max().item<double>(), 1e-13);
}

TEST(Head, ChunksAndKeptLogitsChangeNothing) {
  const at::Tensor hidden = at::randn({20, 8}, at::kDouble), weight = at::randn({31, 8}, at::kDouble), gain = at::rand({8}, at::kDouble).requires_grad_(true);
  data::Pack pack;
  for (std::int64_t i = 0; i < 17; ++i) pack.scored_rows.push_back(i), pack.targets.push_back(i * 3 % 31);
  const at::Tensor upstream = at::randn({17}, at::kDouble);
  std::vector<at::Tensor> values, weight_gradients, hidden_gradients;
  for (const HeadOptions options : {HeadOptions{.chunk_tokens = 100}, HeadOptions{.chunk_tokens = 5}, HeadOptions{.chunk_tokens = 5, .keep_bytes = 0}}) {
    Head head(options, {"log_prob"});
    values.push_back(head.forward({.norm_gain = gain, .weight = weight}, hidden, pack, true)[0]);
    at::Tensor gain_gradient = at::zeros({8}, at::kDouble), weight_gradient = at::zeros({31, 8}, at::kDouble);
    hidden_gradients.push_back(head.backward({.norm_gain = gain, .weight = weight}, {upstream}, {.norm_gain = gain_gradient, .weight = weight_gradient}));
    weight_gradients.push_back(weight_gradient);
  }
  for (std::size_t i = 1; i < values.size(); ++i) {
    EXPECT_LE((values[i] - values[0]).abs().max().item<double>(), 1e-13);
    EXPECT_LE((weight_gradients[i] - weight_gradients[0]).abs().max().item<double>(), 1e-12);
    EXPECT_LE((hidden_gradients[i] - hidden_gradients[0]).abs().max().item<double>(), 1e-12);
  }
}

}  // namespace
}  // namespace lethe::walk
