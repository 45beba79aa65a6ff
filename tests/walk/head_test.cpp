#include "framework/walk/head.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace lethe::walk {
namespace {

TEST(Head, ChunksAndKeptLogitsChangeNothing) {
  const at::Tensor hidden = at::randn({20, 8}, at::kDouble), weight = at::randn({31, 8}, at::kDouble),
                   gain = at::rand({8}, at::kDouble).requires_grad_(true);
  data::Pack pack;
  for (std::int64_t i = 0; i < 17; ++i) pack.scored_rows.push_back(i), pack.targets.push_back(i * 3 % 31);
  const at::Tensor upstream = at::randn({17}, at::kDouble);
  std::vector<at::Tensor> values, weight_gradients, hidden_gradients;
  for (const HeadOptions options : {HeadOptions{.chunk_tokens = 100}, HeadOptions{.chunk_tokens = 5},
                                    HeadOptions{.chunk_tokens = 5, .keep_bytes = 0}}) {
    Head head(options, {"log_prob"});
    values.push_back(head.forward({.norm_gain = gain, .weight = weight}, hidden, pack, true)[0]);
    at::Tensor gain_gradient = at::zeros({8}, at::kDouble), weight_gradient = at::zeros({31, 8}, at::kDouble);
    hidden_gradients.push_back(head.backward({.norm_gain = gain, .weight = weight}, {upstream},
                                             {.norm_gain = gain_gradient, .weight = weight_gradient}));
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
