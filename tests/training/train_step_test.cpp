#include "framework/training/train_step.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "tests/training/objective_steps.h"

namespace lethe::training {
namespace {

using namespace steps;

Outcome run_case(const Case& c, at::ScalarType dtype) {
  const auto model = deep_model();
  const MadeUpData made_up(model.config.vocab_size);
  Outcome outcome;
  std::mutex mutex;
  dist::run_simulated(c.world, [&](dist::ProcessGroup& world) {
    const Outcome of_rank = step_of_rank(c, model, dtype, made_up.data, world);
    const std::lock_guard lock(mutex);
    if (world.rank() == 0) outcome = of_rank;
  });
  return outcome;
}

class StepGradient : public ::testing::TestWithParam<Case> {};

TEST_P(StepGradient, DoesNotKnowRanksOrMicroBatches) {
  const auto model = deep_model();
  Case alone = GetParam();
  alone.world = 1, alone.zero = 0, alone.micro_batch = 100;
  for (const auto& [dtype, tolerance] : {std::pair(at::kDouble, 1e-12), std::pair(at::kFloat, 2e-6)}) {
    const Outcome expected = run_case(alone, dtype), actual = run_case(GetParam(), dtype);
    EXPECT_GT(expected.gradient.norm().item<double>(), 0);
    EXPECT_LE(distance(model, actual.gradient, expected.gradient), tolerance);
    EXPECT_NEAR(actual.loss, expected.loss, tolerance * (1 + std::abs(expected.loss)) * 10);
  }
}

// Eight bits of mantissa: the gradient is off by a per cent or two, on one rank as on four, and not by more.
TEST(Bf16, TheGradientIsNearFloat32sOnAnyGrid) {
  const auto model = deep_model();
  const Case alone{"npo", 1, 0, 100};
  const Outcome expected = run_case(alone, at::kFloat);
  for (const Case& c : {alone, Case{"npo", 2, 1, 2}, Case{"npo", 4, 3, 1}, Case{"finetune", 3, 2, 100}}) {
    const Outcome actual = run_case(c, at::kBFloat16);
    const Outcome wide = c.objective == "npo" ? expected : run_case({c.objective, 1, 0, 100}, at::kFloat);
    EXPECT_LE(lethe::testing::largest_tensor_difference(model.index, actual.gradient, wide.gradient), 0.06);
    EXPECT_GT(lethe::testing::largest_tensor_difference(model.index, actual.gradient, wide.gradient), 1e-5)
        << "this ran in float32";
    EXPECT_NEAR(actual.loss, wide.loss, 0.02 * std::abs(wide.loss));
  }
}

std::vector<Case> every_grid() {
  std::vector<Case> cases = {{"npo", 1, 0, 1}, {"npo", 4, 2, 2}, {"npo", 8, 3, 1}, {"finetune", 3, 1, 2}};
  for (const std::string& objective : every_objective())
    for (const auto& [world, zero] : {std::pair(2, 0), std::pair(3, 3)})
      cases.push_back({objective, world, zero, 2});
  return cases;
}

TEST(Elastic, EveryObjectiveHasTheSameBitsOnOneRankAndOnThree) {
  at::set_num_threads(1);
  for (const std::string& objective : every_objective()) {
    const Outcome one = run_case({objective, 1, 0, 4, 4}, at::kFloat);
    const Outcome three = run_case({objective, 3, 3, 4, 4}, at::kFloat);
    EXPECT_TRUE(at::equal(one.gradient, three.gradient)) << objective;
    EXPECT_EQ(one.loss, three.loss) << objective;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, StepGradient, ::testing::ValuesIn(every_grid()),
                         [](const auto& info) { return "case" + std::to_string(info.index); });

// Gradients as shipped, and without a retain term: a forget term may be tiny beside it on a model that knows
// nothing.
std::vector<at::Tensor> gradients_of(const std::string& name) {
  std::vector<at::Tensor> gradients = {run_case({name, 1, 0, 100}, at::kDouble).gradient};
  if (name == "finetune" || name == "grad_ascent" || name == "ce_u") return {gradients[0], gradients[0]};
  gradients.push_back(run_case({"{name: " + name + ", retain_weight: 0}", 1, 0, 100}, at::kDouble).gradient);
  return gradients;
}

// PDU would steer its weight by a retain loss of zero.
TEST(Terms, AreOfWhatTheBatchHadSamplesFor) {
  const auto model = deep_model();
  const MadeUpData made_up(model.config.vocab_size);
  config::Section root = config::parse("objective: {name: pdu, dual_warmup_epochs: 0}");
  std::string name;
  const auto objective = objectives::make_objective(root, name);
  const std::vector<double> weight = objective->state();
  dist::run_simulated(1, [&](dist::ProcessGroup& world) {
    lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(0, 0, 1), {.compute = at::kFloat});
    walk::BlockWalk walk(model, engine.weights);
    const std::vector<std::int64_t> forget = {0, 3};
    const auto items = batch_items(made_up.data, objective->needs(), {.forget = forget});
    const StepResult result =
        compute_gradient(walk, engine.gradients, *objective, made_up.data, items, {.micro_batch = 2}, world);
    EXPECT_EQ(result.terms, (std::map<std::string, double>{{"forget", result.loss}}));
    objective->after_update({.terms = result.terms, .epoch = 1});
  });
  EXPECT_EQ(objective->state(), weight);
}

TEST(Objectives, NoTwoHaveTheSameGradient) {
  const auto cosine = [](const at::Tensor& a, const at::Tensor& b) {
    return (a.dot(b) / (a.norm() * b.norm())).item<double>();
  };
  std::vector<std::pair<std::string, std::vector<at::Tensor>>> all;
  for (const std::string& name : objectives::objective_names()) {
    const auto own = gradients_of(name);
    for (const auto& [other, theirs] : all)
      EXPECT_LT(std::min(cosine(own[0], theirs[0]), cosine(own[1], theirs[1])), 1 - 1e-6)
          << name << " and " << other;
    all.emplace_back(name, own);
  }
}

}  // namespace
}  // namespace lethe::training
