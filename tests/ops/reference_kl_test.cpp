#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

TEST(ReferenceKl, IsZeroForTheFrozenModelItself) {
  const at::Tensor logits = at::randn({4, 9}, at::kDouble);
  const LogitChunk chunk{.logits = logits, .targets = at::zeros({4}, at::kLong), .reference_logits = logits};
  EXPECT_LE(make_token_statistic("reference_kl")->forward(chunk).abs().max().item<double>(), 1e-14);
}

TEST(ReferenceKl, GoesFromTheReferenceToTheModel) {
  const LogitChunk chunk{.logits = at::tensor({1.0, 2.0, 4.0}, at::kDouble).unsqueeze(0),
                         .targets = at::tensor({std::int64_t{2}}),
                         .reference_logits = at::tensor({0.0, 3.0, 1.0}, at::kDouble).unsqueeze(0)};
  double expected = 0, model = 0, reference = 0;
  const double z[] = {1, 2, 4}, r[] = {0, 3, 1};
  for (int v = 0; v < 3; ++v) model += std::exp(z[v]), reference += std::exp(r[v]);
  for (int v = 0; v < 3; ++v)
    expected += std::exp(r[v]) / reference * (r[v] - std::log(reference) - z[v] + std::log(model));
  EXPECT_NEAR(make_token_statistic("reference_kl")->forward(chunk).item<double>(), expected, 1e-13);
}

}  // namespace
}  // namespace lethe::ops
