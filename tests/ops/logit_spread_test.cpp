#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(LogitSpread, IsTheLargestLogitAboveTheMean) {
  const LogitChunk chunk{.logits = at::tensor({1.0, 2.0, 4.0}, at::kDouble).unsqueeze(0),
                         .targets = at::tensor({std::int64_t{2}}),
                         .reference_logits = at::tensor({0.0, 3.0, 1.0}, at::kDouble).unsqueeze(0)};
  EXPECT_NEAR(make_token_statistic("logit_spread")->forward(chunk).item<double>(), 4.0 - 7.0 / 3, 1e-14);
}

}  // namespace
}  // namespace lethe::ops
