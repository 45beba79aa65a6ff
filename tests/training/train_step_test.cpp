#include "framework/training/train_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <mutex>

#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::training {
namespace {

struct Case {
  std::string objective;
  int world, zero;
  std::int64_t micro_batch;
};

struct Outcome {
  at::Tensor gradient;
  double loss = 0;
};

// One step's gradient of NPO or another objective on made-up samples of a tiny model.
Outcome run_case(const Case& c, at::ScalarType dtype) {
  const auto model = lethe::testing::tiny_model();
  const auto texts = lethe::testing::tiny_documents(10, 4, model.config.vocab_size);
  TrainingData data;
  for (int d = 0; d < 10; ++d)
    data.documents[d < 5 ? 0 : 1].push_back({.ids = texts[d], .prompt_tokens = 1 + d % 2});
  auto reference = inference::empty_log_probs(data.of(objectives::Role::forget));
  for (std::size_t i = 0; i < reference.values.size(); ++i)
    reference.values[i] = -3.0 - 0.1 * static_cast<double>(i % 7);
  data.forget_reference = &reference;
  Outcome outcome;
  std::mutex mutex;
  dist::run_simulated(c.world, [&](dist::ProcessGroup& world) {
    config::Section root = config::parse("objective: " + c.objective);
    std::string name;
    const auto objective = objectives::make_objective(root, name);
    lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(c.zero, 0, c.world),
                                      {.compute = dtype, .poison_released = true});
    walk::BlockWalk walk(model, engine.weights);
    const std::vector<std::int64_t> forget = {0, 3, 4, 1}, retain = {2, 0, 4};
    const auto items = batch_items(data, forget, retain);
    const StepResult result = compute_gradient(walk, engine.gradients, *objective, data, items,
                                               {.micro_batch = c.micro_batch}, world);
    const at::Tensor gradient = lethe::testing::whole_gradient(model.index, engine.gradients);
    const std::lock_guard lock(mutex);
    if (world.rank() == 0) outcome = {gradient, result.loss};
  });
  return outcome;
}

class StepGradient : public ::testing::TestWithParam<Case> {};

TEST_P(StepGradient, DoesNotKnowRanksOrMicroBatches) {
  const auto model = lethe::testing::tiny_model();
  Case alone = GetParam();
  alone.world = 1, alone.zero = 0, alone.micro_batch = 100;
  for (const auto& [dtype, tolerance] : {std::pair(at::kDouble, 1e-12), std::pair(at::kFloat, 1e-6)}) {
    const Outcome expected = run_case(alone, dtype), actual = run_case(GetParam(), dtype);
    EXPECT_LE(lethe::testing::largest_tensor_difference(model.index, actual.gradient, expected.gradient),
              tolerance);
    EXPECT_NEAR(actual.loss, expected.loss, tolerance * std::abs(expected.loss) * 10);
  }
}

// Eight bits of mantissa: the gradient is off by a per cent or two, on one rank as on four, and not by more.
TEST(Bf16, TheGradientIsNearFloat32sOnAnyGrid) {
  const auto model = lethe::testing::tiny_model();
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

INSTANTIATE_TEST_SUITE_P(Grids, StepGradient,
                         ::testing::Values(Case{"npo", 1, 0, 1}, Case{"npo", 2, 0, 2}, Case{"npo", 2, 3, 5},
                                           Case{"npo", 3, 3, 1}, Case{"npo", 4, 2, 2}, Case{"npo", 8, 3, 1},
                                           Case{"finetune", 3, 1, 2}, Case{"grad_diff", 3, 3, 2},
                                           Case{"grad_ascent", 4, 0, 1}));

}  // namespace
}  // namespace lethe::training
