// One rank of a small unlearning run with `determinism: elastic`, on any grid and over any group: what the
// tests of elastic bits compare.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/config/document.h"
#include "framework/optim/adamw.h"
#include "framework/optim/gradient_norm.h"
#include "framework/training/train_step.h"
#include "tests/support/tiny_model.h"

namespace lethe::training::elastic {

struct GridCase {
  int world, zero, shard;
  std::int64_t micro_batch;
  bool prefetch = false;
  walk::Recompute recompute = walk::Recompute::none;
  bool offload_inputs = false;
};

// What is kept or sent in less than float32.
struct Narrow {
  std::optional<at::ScalarType> wire = {}, reduction = {};
  std::string moments = "float32", rounding = "stochastic";
};

struct Outcome {
  std::vector<double> losses, norms;  // by update
  at::Tensor gradient, weights;       // of the first update; after the last
};

struct Samples {
  explicit Samples(std::int64_t vocab) : texts(lethe::testing::tiny_documents(24, 9, vocab)) {
    for (int d = 0; d < 24; ++d)
      data.documents[d % 2].push_back({.ids = texts[d], .prompt_tokens = 1 + d % 3});
    reference = inference::empty_log_probs(data.of(objectives::Role::forget));
    std::ranges::fill(reference.values, -3.5);
    data.references[0] = &reference;
  }
  std::vector<BatchItem> batch(int step, const objectives::Needs& needs) const {
    std::vector<std::int64_t> forget, retain;
    for (int i = 0; i < 6; ++i) forget.push_back((step * 5 + i) % 12), retain.push_back((step * 7 + i) % 12);
    return batch_items(data, needs, {.forget = forget, .retain = retain});
  }
  std::vector<std::vector<std::int32_t>> texts;
  TrainingData data;
  inference::TokenLogProbs reference;
};

inline at::Tensor whole_weights(const models::ParameterIndex& index, sharding::WeightStore& weights) {
  at::Tensor whole = at::zeros({static_cast<std::int64_t>(index.size())}, at::kDouble);
  weights.save([&](std::uint64_t first, std::span<const float> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      whole.mutable_data_ptr<double>()[first + i] = static_cast<double>(values[i]);
  });
  weights.grid().gather_group().all_reduce(
      {whole.mutable_data_ptr(), static_cast<std::size_t>(whole.numel()), dist::DType::f64});
  return whole;
}

// One rank of a run on this grid.
struct Rank {
  Rank(const models::DecoderModel& model, const GridCase& c, at::ScalarType compute,
       dist::ProcessGroup& group, const Narrow& narrow = {})
      : world(group),
        split{.micro_batch = c.micro_batch, .logical_shards = 8},
        samples(model.config.vocab_size),
        engine(model, world, sharding::grid_shape(c.zero, c.shard, c.world),
               {.compute = compute, .wire = narrow.wire, .poison_released = true, .prefetch = c.prefetch},
               narrow.reduction),
        walk(model, engine.weights, {.recompute = c.recompute, .offload_inputs = c.offload_inputs}),
        optimizer({.weight_decay = 0.01, .moments = narrow.moments, .rounding = narrow.rounding, .seed = 11},
                  engine.weights) {
    at::set_num_threads(1);
    config::Section root = config::parse("objective: npo");
    std::string name;
    objective = objectives::make_objective(root, name);
  }

  void update(int step, Outcome& outcome) {
    const StepResult result = compute_gradient(walk, engine.gradients, *objective, samples.data,
                                               samples.batch(step, objective->needs()), split, world);
    if (step == 0) outcome.gradient = lethe::testing::whole_gradient(walk.model().index, engine.gradients);
    const double norm = optim::global_norm(engine.gradients);
    optimizer.step(engine.gradients, 3e-3, optim::clip_factor(norm, 0.5));
    outcome.losses.push_back(result.loss);
    outcome.norms.push_back(norm);
  }

  dist::ProcessGroup& world;
  SplitOptions split;
  Samples samples;
  lethe::testing::TinyEngine engine;
  walk::BlockWalk walk;
  optim::AdamW optimizer;
  std::unique_ptr<objectives::Objective> objective;
};

inline Outcome train_rank(const models::DecoderModel& model, const GridCase& c, at::ScalarType compute,
                          int updates, dist::ProcessGroup& world, const Narrow& narrow = {}) {
  Rank rank(model, c, compute, world, narrow);
  Outcome outcome;
  for (int step = 0; step < updates; ++step) rank.update(step, outcome);
  outcome.weights = whole_weights(model.index, rank.engine.weights);
  return outcome;
}

inline void expect_same_bits(const Outcome& actual, const Outcome& expected, const GridCase& c) {
  const std::string where = fmt::format("world {} zero {} shard {}", c.world, c.zero, c.shard);
  EXPECT_EQ(actual.losses, expected.losses) << where;
  EXPECT_EQ(actual.norms, expected.norms) << where;
  EXPECT_TRUE(at::equal(actual.gradient, expected.gradient)) << where;
  EXPECT_TRUE(at::equal(actual.weights, expected.weights)) << where;
}

}  // namespace lethe::training::elastic
