// Laws of every objective of the registry.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/objectives/batch.h"

namespace lethe::objectives {
namespace {

at::Tensor loss_of(const Objective& objective, const MicroBatch& batch) {
  at::Tensor loss = at::zeros({}, at::kDouble);
  for (const Term& term : objective.terms(batch))
    if (term.sum.defined()) loss = loss + term.weight * term.sum;
  return loss;
}

class EveryObjective : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryObjective, ItsGradientIsThatOfFiniteDifferences) {
  const auto objective = objective_named(GetParam());
  SmallBatch small;
  const at::Tensor gradient = torch::autograd::grad({loss_of(*objective, small.batch())}, {small.forget})[0];
  constexpr double kStep = 1e-5;
  for (std::int64_t i = 0; i < small.forget.size(0); ++i) {
    SmallBatch up, down;
    up.forget =
        at::clone(small.forget.detach()).index_add_(0, at::tensor({i}), at::tensor({kStep}, at::kDouble));
    down.forget =
        at::clone(small.forget.detach()).index_add_(0, at::tensor({i}), at::tensor({-kStep}, at::kDouble));
    const double slope =
        (loss_of(*objective, up.batch()) - loss_of(*objective, down.batch())).item<double>() / (2 * kStep);
    EXPECT_NEAR(gradient[i].item<double>(), slope, 1e-8) << i;
  }
}

TEST_P(EveryObjective, AMicroBatchOfNothingHasNoSums) {
  for (const Term& term : objective_named(GetParam())->terms({}))
    EXPECT_FALSE(term.sum.defined()) << term.name;
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryObjective, ::testing::ValuesIn(objective_names()));

}  // namespace
}  // namespace lethe::objectives
