#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(ReferenceLogProb, IsTheFrozenModelsAndHasNoGradient) {
  const LogitChunk chunk{.logits = at::tensor({1.0, 2.0, 4.0}, at::kDouble).unsqueeze(0),
                         .targets = at::tensor({std::int64_t{2}}),
                         .reference_logits = at::tensor({0.0, 3.0, 1.0}, at::kDouble).unsqueeze(0)};
  const auto statistic = make_token_statistic("reference_log_prob");
  const double expected = 1 - std::log(1 + std::exp(3.0) + std::exp(1.0));
  EXPECT_NEAR(statistic->forward(chunk).item<double>(), expected, 1e-13);
  at::Tensor gradient = at::zeros({1, 3}, at::kDouble);
  statistic->add_backward(chunk, at::ones({1}, at::kDouble), gradient);
  EXPECT_EQ(gradient.abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace lethe::ops
