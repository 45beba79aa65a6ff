#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

class EveryStatistic : public ::testing::TestWithParam<std::string> {};

std::vector<std::string> statistic_names() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) names.emplace_back(entry.name);
  return names;
}

// A statistic that holds its own beliefs constant is given them as the reference, so that differences see
// them constant too.
TEST_P(EveryStatistic, ItsGradientIsThatOfFiniteDifferences) {
  at::manual_seed(5);
  const auto statistic = make_token_statistic(GetParam());
  const at::Tensor logits = at::randn({3, 7}, at::kDouble).mul_(2), targets = at::tensor({2, 0, 6});
  const bool frozen = statistic->needs_reference_logits();
  const at::Tensor reference = frozen ? at::randn({3, 7}, at::kDouble) : logits;
  const at::Tensor upstream = at::tensor({1.0, -0.5, 2.0}, at::kDouble);
  const auto value = [&](const at::Tensor& z) {
    return (statistic->forward({.logits = z, .targets = targets, .reference_logits = reference}) * upstream)
        .sum()
        .item<double>();
  };
  at::Tensor gradient = at::zeros({3, 7}, at::kDouble);
  statistic->add_backward({.logits = logits, .targets = targets, .reference_logits = reference}, upstream,
                          gradient);
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < logits.numel(); ++i) {
    const auto moved = [&](double step) {
      at::Tensor z = logits.clone();
      z.view(-1)[i] += step;
      return value(z);
    };
    EXPECT_NEAR(gradient.view(-1)[i].item<double>(), (moved(kStep) - moved(-kStep)) / (2 * kStep), 1e-8) << i;
  }
}

TEST_P(EveryStatistic, DoesNotChangeItsLogitsAndAddsToTheGradient) {
  const auto statistic = make_token_statistic(GetParam());
  const at::Tensor logits = at::randn({2, 5}), kept = logits.clone(), targets = at::tensor({1, 4});
  const LogitChunk chunk{.logits = logits, .targets = targets, .reference_logits = at::randn({2, 5})};
  at::Tensor once = at::zeros({2, 5}), onto = at::ones({2, 5});
  statistic->add_backward(chunk, at::ones({2}), once);
  statistic->add_backward(chunk, at::ones({2}), onto);
  (void)statistic->forward(chunk);
  EXPECT_TRUE(at::equal(logits, kept));
  EXPECT_TRUE(at::allclose(once + 1, onto));
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryStatistic, ::testing::ValuesIn(statistic_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lethe::ops
