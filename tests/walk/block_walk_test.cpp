#include "framework/walk/block_walk.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>
#include <mutex>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/dist/simulated_group.h"
#include "framework/ops/attention.h"
#include "framework/ops/rms_norm.h"
#include "framework/sharding/counting_allocator.h"
#include "tests/support/tiny_model.h"

namespace lethe::walk {
namespace {

using lethe::testing::TinyEngine;

// loss = sum over tokens of (1 + token number / 7) * log p, a different weight for each token.
at::Tensor token_weights(const data::Pack& pack, at::ScalarType dtype) {
  return at::arange(pack.num_scored()).to(dtype) / 7 + 1;
}

struct Reference {
  at::Tensor log_prob, gradient;
};

// The same model as one ordinary autograd graph over plain tensors.
Reference ordinary_autograd(const models::DecoderModel& model, const data::Pack& pack, at::ScalarType dtype) {
  std::vector<at::Tensor> weights;
  for (const models::Parameter& p : model.index.parameters()) {
    std::vector<float> values(p.count);
    lethe::testing::fill_tiny_weights(model.index, p.first, values);
    weights.push_back(
        at::from_blob(values.data(), p.shape, at::kFloat).to(dtype, false, true).requires_grad_(true));
  }
  const auto get = [&](int p) { return p < 0 ? at::Tensor() : weights[p]; };
  const ops::RopeTables rope = ops::rope_tables(pack.positions, model.rope_frequencies, dtype);
  const models::Attend<at::Tensor> attend = [&](const at::Tensor& q, const at::Tensor& k,
                                                const at::Tensor& v) {
    return ops::attention(q, k, v, pack.document_offsets);
  };
  at::Tensor hidden = at::embedding(weights[model.embedding], at::tensor(pack.ids));
  for (const models::LayerParameters& p : model.layers) {
    hidden = models::decoder_layer<at::Tensor>(
        model.shape,
        {get(p.input_norm), get(p.q), get(p.k), get(p.v), get(p.o), get(p.q_bias), get(p.k_bias),
         get(p.v_bias), get(p.post_attention_norm), get(p.gate), get(p.up), get(p.down)},
        hidden, rope, attend);
  }
  const at::Tensor rows = hidden.index_select(0, at::tensor(pack.scored_rows));
  const at::Tensor logits = at::mm(ops::rms_norm(rows, weights[model.final_norm], model.shape.rms_norm_eps),
                                   weights[model.head].t());
  const at::Tensor log_prob =
      at::log_softmax(logits, 1).gather(1, at::tensor(pack.targets).unsqueeze(1)).squeeze(1);
  const auto gradients = torch::autograd::grad({(log_prob * token_weights(pack, dtype)).sum()}, weights);
  at::Tensor whole = at::zeros({static_cast<std::int64_t>(model.index.size())}, at::kDouble);
  for (std::size_t p = 0; p < weights.size(); ++p)
    whole.narrow(0, static_cast<std::int64_t>(model.index.parameters()[p].first), gradients[p].numel())
        .copy_(gradients[p].flatten());
  return {log_prob.detach(), whole};
}

// The gradient of all documents, cut over ranks and micro-batches as asked.
at::Tensor walk_gradient(const models::DecoderModel& model, dist::ProcessGroup& world,
                         sharding::GridShape shape, sharding::StoreOptions options, WalkOptions walk_options,
                         const std::vector<std::vector<std::int32_t>>& documents, int micro_batch) {
  TinyEngine engine(model, world, shape, options);
  BlockWalk walk(model, engine.weights, walk_options);
  const int count = static_cast<int>(documents.size()), ranks = world.size();
  std::vector<int> all(count);
  for (int d = 0; d < count; ++d) all[d] = d;
  const data::Pack everything = lethe::testing::tiny_pack(documents, all);
  const at::Tensor weights =
      token_weights(everything, options.compute == at::kDouble ? at::kDouble : at::kFloat);
  engine.gradients.zero();
  const int per_rank = (count + ranks - 1) / ranks, steps = (per_rank + micro_batch - 1) / micro_batch;
  for (int step = 0; step < steps; ++step) {
    const int first = std::min(world.rank() * per_rank + step * micro_batch, count);
    const int last = std::min({first + micro_batch, (world.rank() + 1) * per_rank, count});
    const std::vector<int> mine(all.begin() + std::min(first, last), all.begin() + last);
    const data::Pack pack = lethe::testing::tiny_pack(documents, mine);
    (void)walk.forward(pack, {.for_backward = true});
    const std::int64_t offset = everything.scored_offsets[std::min(first, count)];
    walk.backward({weights.narrow(0, offset, pack.num_scored())}, engine.gradients);
  }
  engine.gradients.finish();
  return lethe::testing::whole_gradient(model.index, engine.gradients);
}

class WalkShapes : public ::testing::TestWithParam<lethe::testing::TinyShape> {};

TEST_P(WalkShapes, EqualsOrdinaryAutogradOnOneRank) {
  const auto model = lethe::testing::tiny_model(GetParam());
  const auto documents = lethe::testing::tiny_documents(5, 1, model.config.vocab_size);
  const std::vector<int> all = {0, 1, 2, 3, 4};
  const Reference expected = ordinary_autograd(model, lethe::testing::tiny_pack(documents, all), at::kDouble);
  const auto world = dist::make_single_group();
  const at::Tensor actual = walk_gradient(model, *world, {}, {.compute = at::kDouble}, {}, documents, 5);
  EXPECT_LE(lethe::testing::largest_tensor_difference(model.index, actual, expected.gradient), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Shapes, WalkShapes,
                         ::testing::Values(lethe::testing::TinyShape{},
                                           lethe::testing::TinyShape{.tied = false},
                                           lethe::testing::TinyShape{.qkv_bias = true}));

struct Case {
  int world, zero, shard, micro_batch;
  bool prefetch;
  Recompute recompute = Recompute::none;
  bool offload_inputs = false;
};
class WalkGrids : public ::testing::TestWithParam<Case> {};

TEST_P(WalkGrids, TheGradientDoesNotKnowTheGrid) {
  const Case c = GetParam();
  const auto model = lethe::testing::tiny_model();
  const auto documents = lethe::testing::tiny_documents(7, 2, model.config.vocab_size);
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
    const auto alone = dist::make_single_group();
    const at::Tensor expected = walk_gradient(model, *alone, {}, {.compute = dtype}, {}, documents, 7);
    std::mutex mutex;
    double worst = 0;
    dist::run_simulated(c.world, [&](dist::ProcessGroup& world) {
      const sharding::StoreOptions options{.compute = dtype, .poison_released = true, .prefetch = c.prefetch};
      const at::Tensor actual = walk_gradient(
          model, world, sharding::grid_shape(c.zero, c.shard, c.world), options,
          {.recompute = c.recompute, .offload_inputs = c.offload_inputs}, documents, c.micro_batch);
      const double difference = lethe::testing::largest_tensor_difference(model.index, actual, expected);
      const std::lock_guard lock(mutex);
      if (!(difference <= worst)) worst = difference;
    });
    EXPECT_LE(worst, dtype == at::kDouble ? 1e-12 : 1e-6)
        << "world " << c.world << " zero " << c.zero << " shard " << c.shard;
  }
}

INSTANTIATE_TEST_SUITE_P(Grids, WalkGrids,
                         ::testing::Values(Case{1, 0, 0, 1, false}, Case{1, 3, 0, 2, true, Recompute::full},
                                           Case{1, 0, 0, 2, false, Recompute::selective, true},
                                           Case{2, 0, 0, 2, false}, Case{2, 1, 0, 5, false},
                                           Case{2, 2, 0, 1, true}, Case{2, 3, 0, 5, true, Recompute::full},
                                           Case{3, 3, 0, 2, true}, Case{3, 1, 0, 1, false, Recompute::full},
                                           Case{4, 3, 2, 1, true, Recompute::selective},
                                           Case{4, 2, 2, 2, false}, Case{4, 3, 0, 5, false},
                                           Case{8, 3, 4, 1, true, Recompute::full, true},
                                           Case{8, 0, 0, 1, false},
                                           Case{8, 3, 2, 2, false, Recompute::full}));

TEST(BlockWalk, PoisonedReleasesChangeNoBit) {
  const auto model = lethe::testing::tiny_model();
  const auto documents = lethe::testing::tiny_documents(4, 3, model.config.vocab_size);
  for (const int ranks : {1, 3}) {
    std::map<bool, at::Tensor> gradients;
    for (const bool poison : {false, true}) {
      dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
        const at::Tensor g = walk_gradient(model, world, sharding::grid_shape(3, 0, ranks),
                                           {.poison_released = poison}, {}, documents, 2);
        if (world.rank() == 0) gradients[poison] = g;
      });
    }
    EXPECT_TRUE(at::equal(gradients[false], gradients[true])) << ranks;
  }
}

TEST(BlockWalk, RefusesATokenThatTheModelHasNot) {
  const models::DecoderModel model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  TinyEngine engine(model, *world, {}, {});
  BlockWalk walk(model, engine.weights, {});
  const auto beyond = static_cast<std::int32_t>(model.config.vocab_size);
  const std::vector<std::int32_t> ids = {1, beyond, 2};
  const data::Document document{.ids = ids, .prompt_tokens = 1};
  try {
    (void)walk.forward(data::make_pack({&document, 1}), {});
    FAIL() << "it was read";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "tokenizer.vocab");
    EXPECT_NE(e.message().find(fmt::format("token {} is to be read", beyond)), std::string::npos);
  }
}

TEST(BlockWalk, UsingAReleasedWeightThrows) {
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  TinyEngine engine(model, *world, {}, {});
  {
    const auto held = engine.weights.acquire(0);
    EXPECT_NO_THROW((void)at::mm(engine.weights.slot(0), engine.weights.slot(0).t()));
  }
  EXPECT_ANY_THROW((void)at::mm(engine.weights.slot(0), engine.weights.slot(0).t()));
}

TEST(BlockWalk, AZero3RankHoldsAtMostThreeBuffers) {
  const auto model = lethe::testing::tiny_model({.layers = 6});
  const auto documents = lethe::testing::tiny_documents(4, 3, model.config.vocab_size);
  dist::run_simulated(4, [&](dist::ProcessGroup& world) {
    TinyEngine engine(model, world, sharding::grid_shape(3, 0, 4), {.prefetch = true});
    BlockWalk walk(model, engine.weights);
    const std::vector<int> mine = {world.rank()};
    const data::Pack pack = lethe::testing::tiny_pack(documents, mine);
    (void)walk.forward(pack, {.for_backward = true});
    walk.backward({at::ones({pack.num_scored()})}, engine.gradients);
    const std::size_t buffer = engine.weights.layout().largest_padded_size() * sizeof(float);
    EXPECT_LE(engine.weights.peak_gathered_bytes(), 3 * buffer);
    EXPECT_GE(engine.weights.peak_gathered_bytes(), buffer);
  });
}

struct Kept {
  Recompute recompute;
  bool offload_inputs;
};
constexpr Kept kKept[] = {{Recompute::none, false},
                          {Recompute::selective, false},
                          {Recompute::selective, true},
                          {Recompute::full, false},
                          {Recompute::full, true}};

TEST(BlockWalk, WhatIsRunAgainChangesNoBitOfTheGradient) {
  const auto model = lethe::testing::tiny_model({.qkv_bias = true});
  const auto documents = lethe::testing::tiny_documents(5, 3, model.config.vocab_size);
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat, at::kBFloat16}) {
    at::Tensor expected;
    for (const Kept& kept : kKept) {
      const auto world = dist::make_single_group();
      const at::Tensor gradient =
          walk_gradient(model, *world, {}, {.compute = dtype, .poison_released = true},
                        {.recompute = kept.recompute, .offload_inputs = kept.offload_inputs}, documents, 3);
      if (!expected.defined()) expected = gradient;
      EXPECT_TRUE(at::equal(gradient, expected))
          << name_of(kept.recompute) << " offloads " << kept.offload_inputs << " " << dtype;
    }
    EXPECT_GT(expected.abs().sum().item<double>(), 0);
  }
}

// Between forward and backward: bytes of activations and of the host's copies.
std::pair<std::int64_t, std::int64_t> bytes_kept(const models::DecoderModel& model, const data::Pack& pack,
                                                 Kept kept) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, base::Memory::other);
  const auto world = dist::make_single_group();
  TinyEngine engine(model, *world, {}, {});
  BlockWalk walk(model, engine.weights, {.recompute = kept.recompute, .offload_inputs = kept.offload_inputs});
  (void)walk.forward(pack, {.for_backward = true});
  return {counters->now(base::Memory::activations), counters->now(base::Memory::offloaded)};
}

TEST(BlockWalk, SelectiveKeepsTheResultsOfItsProductsAndFullItsInput) {
  sharding::count_allocations();
  const auto model = lethe::testing::tiny_model({.layers = 6});
  const auto documents = lethe::testing::tiny_documents(8, 3, model.config.vocab_size);
  const std::vector<int> all = {0, 1, 2, 3, 4, 5, 6, 7};
  const data::Pack pack = lethe::testing::tiny_pack(documents, all);
  const auto none = bytes_kept(model, pack, kKept[0]), selective = bytes_kept(model, pack, kKept[1]),
             selective_offloaded = bytes_kept(model, pack, kKept[2]),
             full = bytes_kept(model, pack, kKept[3]), full_offloaded = bytes_kept(model, pack, kKept[4]);
  const models::HfConfig& c = model.config;
  const std::int64_t elements = 6 * pack.num_tokens() * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t inputs = elements * c.hidden_size;
  EXPECT_EQ(
      selective.first - full.first,
      elements * (c.hidden_size + (c.num_heads + 2 * c.num_kv_heads) * c.head_dim + 2 * c.intermediate_size));
  EXPECT_GT(none.first, selective.first + inputs);
  EXPECT_EQ(full.second, 0);
  EXPECT_EQ(full_offloaded.second, inputs);
  EXPECT_EQ(selective_offloaded.second, inputs);
  // The last input may still be on its way out.
  EXPECT_LE(full_offloaded.first, full.first - inputs * 5 / 6);
}

}  // namespace
}  // namespace lethe::walk
