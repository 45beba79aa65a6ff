#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(ReferenceOthersCrossEntropy, TakesTheBeliefsOfTheFrozenModel) {
  const LogitChunk chunk{.logits = at::tensor({1.0, 2.0, 4.0}, at::kDouble).unsqueeze(0),
                         .targets = at::tensor({std::int64_t{2}}),
                         .reference_logits = at::tensor({0.0, 3.0, 1.0}, at::kDouble).unsqueeze(0)};
  const double all = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(4.0)), share = 1 / (1 + std::exp(3.0));
  EXPECT_NEAR(make_token_statistic("reference_others_cross_entropy")->forward(chunk).item<double>(),
              share * (all - 1) + (1 - share) * (all - 2), 1e-13);
}

}  // namespace
}  // namespace lethe::ops
