#include "framework/training/train_step.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <mutex>

#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::training {
namespace {

using objectives::Role;

struct Case {
  std::string objective;
  int world, zero;
  std::int64_t micro_batch;
  int logical_shards = 0;
};

struct Outcome {
  at::Tensor gradient;
  double loss = 0;
};

// Deep enough for the layer that representation-level methods read by default, and with a vocabulary in which
// OpenUnlearning's label -100 wraps to a column.
models::DecoderModel deep_model() {
  models::HfConfig config = lethe::testing::tiny_model({.layers = 9}).config;
  config.vocab_size = 131;
  return models::make_decoder_model(config);
}

// Weights of the frozen model: near the policy's, not the same.
void fill_frozen_weights(const models::ParameterIndex& index, std::uint64_t first, std::span<float> out) {
  lethe::testing::fill_tiny_weights(index, first, out);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] += 0.05F * std::sin(0.3F * static_cast<float>((first + i) % 1000));
}

inference::TokenLogProbs made_up_reference(std::span<const data::Document> documents) {
  auto reference = inference::empty_log_probs(documents);
  for (std::size_t i = 0; i < reference.values.size(); ++i)
    reference.values[i] = -3.0 - 0.1 * static_cast<double>(i % 7);
  return reference;
}

// Five samples of each set on made-up tokens, and two other answers to each.
struct MadeUpData {
  explicit MadeUpData(std::int64_t vocab) : texts(lethe::testing::tiny_documents(30, 4, vocab)) {
    data.alternates_per_sample = {1, 1, 2, 2};
    data.vocab_size = vocab;
    for (int d = 0; d < 30; ++d)
      data.documents[d < 5    ? 0
                     : d < 10 ? 1
                     : d < 20 ? 2
                              : 3]
          .push_back({.ids = texts[d], .prompt_tokens = 1 + d % 2});
    for (int r = 0; r < objectives::kNumRoles; ++r) {
      references[r] = made_up_reference(data.documents[r]);
      data.references[r] = &references[r];
    }
  }
  std::vector<std::vector<std::int32_t>> texts;
  std::array<inference::TokenLogProbs, objectives::kNumRoles> references;
  TrainingData data;
};

// One rank's step of an objective; rank 0 leaves the outcome.
Outcome step_of_rank(const Case& c, const models::DecoderModel& model, at::ScalarType dtype,
                     TrainingData data, dist::ProcessGroup& world) {
  config::Section root = config::parse("objective: " + c.objective);
  std::string name;
  const auto objective = objectives::make_objective(root, name);
  const sharding::GridShape shape = sharding::grid_shape(c.zero, 0, c.world);
  lethe::testing::TinyEngine engine(model, world, shape, {.compute = dtype, .poison_released = true});
  lethe::testing::TinyEngine frozen_engine(model, world, shape, {.compute = dtype, .poison_released = true});
  frozen_engine.weights.load(
      [&](std::uint64_t first, std::span<float> out) { fill_frozen_weights(model.index, first, out); });
  FrozenModel frozen(model, frozen_engine.weights);
  data.frozen = &frozen;
  walk::BlockWalk walk(model, engine.weights);
  const std::vector<std::int64_t> forget = {0, 3, 4, 1}, retain = {2, 0, 4};
  const auto items = batch_items(data, objective->needs(), {.forget = forget, .retain = retain, .seed = 1});
  const StepResult result =
      compute_gradient(walk, engine.gradients, *objective, data, items,
                       {.micro_batch = c.micro_batch, .logical_shards = c.logical_shards}, world);
  return {lethe::testing::whole_gradient(model.index, engine.gradients), result.loss};
}

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

// Between two gradients: 0 for the same, relative to each tensor's norm. Tensors that no gradient reaches
// (behind a tap) count by their absolute difference.
double distance(const models::DecoderModel& model, const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() == 0
             ? 0
             : lethe::testing::largest_tensor_difference(model.index, a, b);
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

// Every objective by its name alone, and what its compat mode and its retain terms change.
std::vector<std::string> every_objective() {
  std::vector<std::string> all = {"{name: idk, anchor: ap}", "{name: npo, retain_loss: embed_diff}"};
  for (const std::string& name : objectives::objective_names()) {
    all.push_back(name);
    all.push_back("{name: " + name + ", compat: openunlearning}");
  }
  for (const char* name : {"npo", "undial"})
    all.push_back(std::string("{name: ") + name +
                  ", retain_weight: 1, retain_loss: kl, compat: openunlearning}");
  return all;
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

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.objective << " on " << c.world << " ranks, ZeRO " << c.zero;
}

// Gradients as shipped, and without a retain term: a forget term may be tiny beside it on a model that knows
// nothing.
std::vector<at::Tensor> gradients_of(const std::string& name) {
  std::vector<at::Tensor> gradients = {run_case({name, 1, 0, 100}, at::kDouble).gradient};
  if (name == "finetune" || name == "grad_ascent" || name == "ce_u") return {gradients[0], gradients[0]};
  gradients.push_back(run_case({"{name: " + name + ", retain_weight: 0}", 1, 0, 100}, at::kDouble).gradient);
  return gradients;
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
