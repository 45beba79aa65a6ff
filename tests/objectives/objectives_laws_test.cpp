#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "tests/objectives/batch.h"

namespace lethe::objectives {
namespace {

at::Tensor loss_of(const Objective& objective, const MicroBatch& batch) {
  at::Tensor loss = at::zeros({}, at::kDouble);
  for (const Term& term : objective.terms(batch))
    if (term.sum.defined()) loss = loss + term.weight * term.sum;
  return loss;
}

// Everything of a micro-batch that the walk differentiates.
std::vector<at::Tensor*> leaves_of(MicroBatch& batch) {
  std::vector<at::Tensor*> leaves;
  for (RoleTokens& role : batch.roles) {
    for (auto& [name, value] : role.statistics)
      if (name != "reference_log_prob") leaves.push_back(&value);
    if (role.tap.defined()) leaves.push_back(&role.tap);
  }
  return leaves;
}

class EveryObjective : public ::testing::TestWithParam<std::string> {};

// Every objective by its name alone, and with each choice that all of them share.
std::vector<std::string> every_objective() {
  std::vector<std::string> all;
  for (const std::string& name : objective_names()) {
    all.push_back("{name: " + name + "}");
    all.push_back("{name: " + name + ", compat: openunlearning}");
    if (name == "finetune" || name == "grad_ascent" || name == "ce_u") continue;  // have no retain term
    for (const char* loss : {"nll", "kl", "embed_diff"})
      all.push_back("{name: " + name + ", retain_weight: 0.5, retain_loss: " + loss + "}");
  }
  all.emplace_back("{name: idk, anchor: ap}");
  return all;
}

TEST_P(EveryObjective, ItsGradientIsThatOfFiniteDifferences) {
  const auto objective = objective_named(GetParam());
  MicroBatch batch = batch_for(objective->needs());
  const auto leaves = leaves_of(batch);
  ASSERT_FALSE(leaves.empty());
  for (at::Tensor* leaf : leaves) leaf->requires_grad_(true);
  std::vector<at::Tensor> inputs;
  for (at::Tensor* leaf : leaves) inputs.push_back(*leaf);
  const auto gradients =
      torch::autograd::grad({loss_of(*objective, batch)}, inputs, {}, std::nullopt, false, true);
  constexpr double kStep = 1e-5;
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    ASSERT_TRUE(gradients[k].defined()) << "leaf " << k << " is asked for and not used";
    for (std::int64_t i = 0; i < inputs[k].numel(); ++i) {
      const auto at_step = [&](double step) {
        at::Tensor moved = inputs[k].detach().clone();
        moved.view(-1)[i] += step;
        *leaves[k] = moved;
        return loss_of(*objective, batch).item<double>();
      };
      const double slope = (at_step(kStep) - at_step(-kStep)) / (2 * kStep);
      EXPECT_NEAR(gradients[k].reshape(-1)[i].item<double>(), slope, 1e-8)
          << "leaf " << k << ", element " << i;
    }
    *leaves[k] = inputs[k];
  }
}

TEST_P(EveryObjective, AMicroBatchOfNothingHasNoSums) {
  for (const Term& term : objective_named(GetParam())->terms({}))
    EXPECT_FALSE(term.sum.defined()) << term.name;
}

TEST_P(EveryObjective, TheOrderOfSamplesDoesNotMatter) {
  const auto objective = objective_named(GetParam());
  MicroBatch batch = batch_for(objective->needs()), turned = batch;
  const at::Tensor order = at::tensor({3, 4, 0, 1, 2});  // the second sample first
  for (RoleTokens& role : turned.roles) {
    if (role.num_samples() == 0) continue;
    role.offsets = {0, 2, 5};
    const auto turn = [&](at::Tensor& x) {
      if (x.defined()) x = x.index_select(0, order);
    };
    for (auto& [name, value] : role.statistics) turn(value);
    for (auto& [name, value] : role.constants) turn(value);
    turn(role.reference_log_prob), turn(role.tap), turn(role.reference_tap);
  }
  const double expected = loss_of(*objective, batch).item<double>();
  EXPECT_NEAR(loss_of(*objective, turned).item<double>(), expected, 1e-12 * (1 + std::abs(expected)));
}

TEST_P(EveryObjective, SaysWhatItIs) {
  const Description description = objective_named(GetParam())->description();
  EXPECT_FALSE(description.formula.empty());
  EXPECT_FALSE(description.when.empty());
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryObjective, ::testing::ValuesIn(every_objective()));

}  // namespace
}  // namespace lethe::objectives
