#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(Greedy, IsOneWhereTheTargetIsTheFirstChoiceAndHasNoGradient) {
  const at::Tensor logits = at::tensor({1.0, 3.0, 2.0, 5.0, 5.0, 0.0}).view({2, 3});
  const auto statistic = make_token_statistic("greedy");
  const auto value = [&](std::vector<std::int64_t> targets) {
    const at::Tensor v =
        statistic->forward({.logits = logits, .targets = at::tensor(targets), .reference_logits = {}});
    return std::pair(v[0].item<double>(), v[1].item<double>());
  };
  EXPECT_EQ(value({1, 0}), std::pair(1.0, 1.0));
  EXPECT_EQ(value({2, 1}), std::pair(0.0, 0.0)) << "of equals the lowest id is the choice";
  at::Tensor gradient = at::zeros({2, 3});
  statistic->add_backward({.logits = logits, .targets = at::tensor({1, 0}), .reference_logits = {}},
                          at::ones({2}), gradient);
  EXPECT_EQ(gradient.abs().sum().item<double>(), 0);
}

}  // namespace
}  // namespace lethe::ops
