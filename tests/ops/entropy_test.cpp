#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(Entropy, OfEquallyLikelyTokensIsTheLogOfTheirNumber) {
  const LogitChunk chunk{.logits = at::full({2, 8}, 3.0, at::kDouble),
                         .targets = at::zeros({2}, at::kLong),
                         .reference_logits = {}};
  EXPECT_NEAR(make_token_statistic("entropy")->forward(chunk)[1].item<double>(), std::log(8.0), 1e-14);
}

}  // namespace
}  // namespace lethe::ops
