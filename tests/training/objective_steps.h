// One rank's training step of any objective over a small model: what the laws of steps compare.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <mutex>
#include <ostream>

#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "framework/training/train_step.h"
#include "tests/support/tiny_model.h"

namespace lethe::training::steps {

using objectives::Role;

struct Case {
  std::string objective;
  int world, zero;
  std::int64_t micro_batch;
  int logical_shards = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.objective << " on " << c.world << " ranks, ZeRO " << c.zero;
}

struct Outcome {
  at::Tensor gradient;
  double loss = 0;
};

// Deep enough for the layer that representation-level methods read by default, and with a vocabulary in which
// OpenUnlearning's label -100 wraps to a column.
inline models::DecoderModel deep_model() {
  models::HfConfig config = lethe::testing::tiny_model({.layers = 9}).config;
  config.vocab_size = 131;
  return models::make_decoder_model(config);
}

// Weights of the frozen model: near the policy's, not the same.
inline void fill_frozen_weights(const models::ParameterIndex& index, std::uint64_t first,
                                std::span<float> out) {
  lethe::testing::fill_tiny_weights(index, first, out);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] += 0.05F * std::sin(0.3F * static_cast<float>((first + i) % 1000));
}

inline inference::TokenLogProbs made_up_reference(std::span<const data::Document> documents) {
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
inline Outcome step_of_rank(const Case& c, const models::DecoderModel& model, at::ScalarType dtype,
                            TrainingData data, dist::ProcessGroup& world,
                            sharding::Placement placement = {}) {
  config::Section root = config::parse("objective: " + c.objective);
  std::string name;
  const auto objective = objectives::make_objective(root, name);
  const sharding::GridShape shape = sharding::grid_shape(c.zero, 0, c.world);
  lethe::testing::TinyEngine engine(model, world, shape, {.compute = dtype, .poison_released = true}, {},
                                    placement);
  lethe::testing::TinyEngine frozen_engine(model, world, shape, {.compute = dtype, .poison_released = true},
                                           {}, placement);
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

// Every objective by its name alone, and what its compat mode and its retain terms change.
inline std::vector<std::string> every_objective() {
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

// Between two gradients: 0 for the same, relative to each tensor's norm. Tensors that no gradient reaches
// (behind a tap) count by their absolute difference.
inline double distance(const models::DecoderModel& model, const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() == 0
             ? 0
             : lethe::testing::largest_tensor_difference(model.index, a, b);
}

}  // namespace lethe::training::steps
