// train.trainable: what is frozen stays, bit for bit, costs no gradient and no moment, and is not walked
// below the lowest trained block; what is trained gets the gradient that it gets when all is trained.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/dist/simulated_group.h"
#include "framework/objectives/tap_distance.h"
#include "framework/optim/adamw.h"
#include "framework/sharding/counting_allocator.h"
#include "framework/training/flops.h"
#include "framework/training/trainable.h"
#include "tests/support/counting_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::training::frozen {
namespace {

struct Step {
  std::vector<at::Tensor> gradient, before, after;  // by segment, this rank's part
  std::size_t moment_bytes = 0, gradient_bytes = 0;
};

// One pass and one update on this rank's share of four documents.
Step one_step(const models::DecoderModel& model, dist::ProcessGroup& world, int zero,
              const std::vector<std::string>& patterns, at::ScalarType compute = at::kFloat,
              optim::WeightChanges* changes = nullptr, double learning_rate = 1e-2) {
  const auto trained = trained_parameters(model.index, patterns);
  const auto documents = lethe::testing::tiny_documents(4, 3, model.config.vocab_size);
  lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(zero, 0, world.size()),
                                    {.compute = compute});
  sharding::GradientStore gradients(model.index, engine.grid, at::kFloat, false, trained);
  optim::AdamW optimizer({.weight_decay = 0.1}, engine.weights, trained);
  walk::BlockWalk walk(model, engine.weights);
  const std::vector<int> mine = {world.rank() % 4};
  const data::Pack pack = lethe::testing::tiny_pack(documents, mine);
  const int lowest = std::max(walk::lowest_trained_layer(model, gradients), 0);
  (void)walk.forward(pack, {.for_backward = true, .first_kept_layer = lowest});
  gradients.zero();
  walk.backward({at::ones({pack.num_scored()})}, gradients);
  gradients.finish();
  Step step{.moment_bytes = optimizer.bytes(), .gradient_bytes = gradients.bytes()};
  const int segments = static_cast<int>(model.index.segments().size());
  for (int s = 0; s < segments; ++s) step.before.push_back(engine.weights.master(s).clone());
  for (int s = 0; s < segments; ++s) step.gradient.push_back(gradients.part(s).clone());
  optimizer.step(gradients, learning_rate, 1, changes);
  for (int s = 0; s < segments; ++s) step.after.push_back(engine.weights.master(s).clone());
  return step;
}

void expect_only_these_move(const models::DecoderModel& model, const std::vector<std::string>& patterns,
                            int zero, int ranks) {
  const auto trained = trained_parameters(model.index, patterns);
  dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
    const Step all = one_step(model, world, zero, {}), some = one_step(model, world, zero, patterns);
    const sharding::ShardLayout layout(model.index, zero == 0 ? 1 : ranks);
    for (std::size_t p = 0; p < trained.size(); ++p) {
      const models::Parameter& parameter = model.index.parameters()[p];
      const auto part = layout.part(parameter.segment, zero == 0 ? 0 : world.rank());
      const std::uint64_t begin = std::max(parameter.first, part.first),
                          end = std::min(parameter.first + parameter.count, part.first + part.valid);
      if (begin >= end) continue;
      const auto cut = [&](const std::vector<at::Tensor>& by_segment) {
        return by_segment[parameter.segment].narrow(0, static_cast<std::int64_t>(begin - part.first),
                                                    static_cast<std::int64_t>(end - begin));
      };
      EXPECT_EQ(at::equal(cut(some.before), cut(some.after)), !trained[p]) << parameter.name;
      if (!trained[p]) continue;
      EXPECT_TRUE(at::equal(cut(some.gradient), cut(all.gradient))) << parameter.name;
    }
    EXPECT_LT(some.moment_bytes, all.moment_bytes);
    EXPECT_LT(some.gradient_bytes, all.gradient_bytes);
  });
}

TEST(Frozen, OnlyTheTrainedMoveAndTheirGradientIsTheSame) {
  for (const bool tied : {true, false}) {
    const auto model = lethe::testing::tiny_model({.tied = tied});
    for (const auto& [zero, ranks] : {std::pair(0, 1), std::pair(1, 2), std::pair(3, 3)}) {
      expect_only_these_move(model, {"model.layers.2.*"}, zero, ranks);
      expect_only_these_move(model, {"model.layers.[01].mlp.*", "model.norm.weight"}, zero, ranks);
    }
  }
  expect_only_these_move(lethe::testing::tiny_model({.tied = false}), {"lm_head.weight"}, 3, 2);
  expect_only_these_move(lethe::testing::tiny_model({.tied = false}), {"model.embed_tokens.weight"}, 3, 2);
}

TEST(Frozen, BelowTheLowestTrainedBlockNothingIsKept) {
  const auto model = lethe::testing::tiny_model({.layers = 6});
  sharding::count_allocations();
  std::map<std::string, std::int64_t> activations;
  const auto world = dist::make_single_group();
  for (const std::string pattern : {"*", "model.layers.5.*"}) {
    const base::MemoryScope memory(std::make_shared<base::MemoryCounters>(), base::Memory::other);
    (void)one_step(model, *world, 0, {pattern});
    activations[pattern] = base::MemoryScope::counters()->peak(base::Memory::activations);
  }
  EXPECT_LT(activations["model.layers.5.*"], activations["*"] / 2);
}

struct Trips {  // of one rank, in one backward
  std::size_t gathers = 0, reduced = 0;
};
Trips trips_of_backward(const models::DecoderModel& model, const std::vector<std::string>& patterns,
                        bool prefetch) {
  Trips trips;
  dist::run_simulated(2, [&](dist::ProcessGroup& world) {
    lethe::testing::Traffic traffic;
    const auto counted = lethe::testing::count_traffic(world, traffic);
    lethe::testing::TinyEngine engine(model, *counted, sharding::grid_shape(3, 0, 2), {.prefetch = prefetch});
    sharding::GradientStore gradients(model.index, engine.grid, at::kFloat, false,
                                      trained_parameters(model.index, patterns));
    walk::BlockWalk walk(model, engine.weights);
    const std::vector<int> mine = {world.rank()};
    const data::Pack pack =
        lethe::testing::tiny_pack(lethe::testing::tiny_documents(2, 3, model.config.vocab_size), mine);
    const int lowest = std::max(walk::lowest_trained_layer(model, gradients), 0);
    (void)walk.forward(pack, {.for_backward = true, .first_kept_layer = lowest});
    gradients.zero();
    const std::size_t before = traffic.gathers;
    walk.backward({at::ones({pack.num_scored()})}, gradients);
    gradients.finish();
    engine.weights.weights_changed();  // waits for what was prefetched
    if (world.rank() == 0) trips = {traffic.gathers - before, traffic.reduced};
  });
  return trips;
}

// ZeRO 3 on two ranks: gathers of the backward are the head, the final norm and the layers down to the lowest
// trained one; what is reduced are the trained segments, each once (a tied embedding for both its uses).
TEST(Frozen, NothingIsGatheredBelowTheLowestTrainedBlockAndNoFrozenGradientTravels) {
  struct Case {
    std::vector<std::string> patterns;
    std::size_t layers;               // walked, of five
    std::vector<int> reduced_layers;  // their gradients travel
    bool embedding_and_head = false, norm = false;
  };
  const Case cases[] = {{{"model.layers.4.*"}, 1, {4}},
                        {{"model.layers.1.mlp.*", "model.layers.3.mlp.*"}, 4, {1, 3}},
                        {{"model.norm.weight"}, 0, {}, false, true},
                        {{"*"}, 5, {0, 1, 2, 3, 4}, true, true}};
  const auto model = lethe::testing::tiny_model({.layers = 5});
  const sharding::ShardLayout layout(model.index, 2);
  for (const Case& c : cases) {
    std::size_t elements = 0;
    for (const int layer : c.reduced_layers) elements += layout.padded_size(model.layers[layer].segment);
    if (c.norm) elements += layout.padded_size(model.segment_of(model.final_norm));
    if (c.embedding_and_head) elements += 2 * layout.padded_size(model.segment_of(model.head));
    for (const bool prefetch : {false, true}) {
      const Trips trips = trips_of_backward(model, c.patterns, prefetch);
      EXPECT_EQ(trips.gathers, c.layers + 2) << c.patterns[0] << " prefetch " << prefetch;
      EXPECT_EQ(trips.reduced, elements * sizeof(float)) << c.patterns[0] << " prefetch " << prefetch;
    }
  }
}

TEST(Frozen, APatternThatMatchesNothingIsRefused) {
  try {
    (void)trained_parameters(lethe::testing::tiny_model().index, {"model.layer.*"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "config.range");
    EXPECT_NE(e.message().find("`model.layer.*` matches no parameter"), std::string::npos) << e.message();
  }
}

TEST(WeightChanges, Bf16SeesFewerThanFloat32) {
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  optim::WeightChanges in_float, in_bf16;
  (void)one_step(model, *world, 0, {}, at::kFloat, &in_float, 1e-5);
  (void)one_step(model, *world, 0, {}, at::kBFloat16, &in_bf16, 1e-5);
  EXPECT_EQ(in_float.trained, static_cast<std::int64_t>(model.index.size()));
  EXPECT_EQ(in_bf16.trained, in_float.trained);
  EXPECT_GT(in_float.changed, in_float.trained / 2);
  EXPECT_LT(in_bf16.changed, in_float.changed / 5);  // a learning rate that is lost in bf16's rounding
}

// Blocks see what the wire rounded.
TEST(WeightChanges, AreThoseThatBlocksSee) {
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  std::map<bool, optim::WeightChanges> changes;
  for (const bool rounded : {false, true}) {
    lethe::testing::TinyEngine engine(model, *world, {}, {.wire = rounded ? at::kBFloat16 : at::kFloat});
    optim::AdamW optimizer({}, engine.weights);
    for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s)
      engine.gradients.part(s).fill_(1);
    optimizer.step(engine.gradients, 1e-5, 1, &changes[rounded]);
  }
  EXPECT_EQ(changes[true].trained, static_cast<std::int64_t>(model.index.size()));
  EXPECT_GT(changes[true].changed, 0);
  EXPECT_LT(changes[true].changed, changes[false].changed / 5);
}

TEST(UpdateFlops, CountEveryProductThreeTimesWhereAllIsTrained) {
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  lethe::testing::TinyEngine engine(model, *world, {}, {});
  const std::vector<std::int32_t> ids(10, 1);
  TrainingData data;
  data.documents[0] = {{.ids = ids, .prompt_tokens = 4}};
  const std::vector<BatchItem> batch = {{objectives::Role::forget, 0, 10}};
  // A layer's products: q and o 24 x 24, k and v 24 x 12, three of 24 x 40; 3 layers; head 61 x 24 at 6
  // tokens.
  const double products = 2 * 24 * 24 + 2 * 24 * 12 + 3 * 24 * 40, attention = 2 * 10 * 10 * 24;
  const double forward = 3 * (2 * 10 * products + attention) + 2 * 6 * 61 * 24;
  objectives::Needs needs;
  objectives::need_log_prob(needs, objectives::Role::forget);
  EXPECT_DOUBLE_EQ(update_flops(model, engine.gradients, needs, data, batch), 3 * forward);
}

// Of a pass that ends behind a layer, those of a model that ends there, without its head.
TEST(UpdateFlops, EndBehindTheLayerThatATapReads) {
  const auto model = lethe::testing::tiny_model(), cut = lethe::testing::tiny_model({.layers = 1});
  const auto world = dist::make_single_group();
  lethe::testing::TinyEngine engine(model, *world, {}, {}), cut_engine(cut, *world, {}, {});
  const std::vector<std::int32_t> ids(10, 1);
  TrainingData data, unscored;
  data.documents[0] = {{.ids = ids, .prompt_tokens = 4}};
  unscored.documents[0] = {{.ids = ids, .prompt_tokens = 10}};
  const std::vector<BatchItem> batch = {{objectives::Role::forget, 0, 10}};
  objectives::Needs tap, head;
  objectives::need_tap(tap, objectives::Role::forget, /*layer=*/0, /*reference=*/false);
  objectives::need_log_prob(head, objectives::Role::forget);
  const double flops = update_flops(model, engine.gradients, tap, data, batch);
  EXPECT_DOUBLE_EQ(flops, update_flops(cut, cut_engine.gradients, head, unscored, batch));
  objectives::need_log_prob(tap, objectives::Role::retain);
  EXPECT_GT(update_flops(model, engine.gradients, tap, data, batch), 3 * flops) << "a role reads the head";
}

// Documents that no role reads cost nothing, and attention sees one document at a time.
TEST(UpdateFlops, AreOfTheDocumentsThatAreRead) {
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  lethe::testing::TinyEngine engine(model, *world, {}, {});
  const std::vector<std::int32_t> ids(150, 1);
  const std::span<const std::int32_t> all(ids);
  const auto flops = [&](std::size_t forget, std::size_t alternate, bool both) {
    TrainingData data;
    data.documents[0] = {{.ids = all.first(forget), .prompt_tokens = 4}};
    data.documents[2] = {{.ids = all.first(alternate), .prompt_tokens = 4}};
    objectives::Needs needs;
    objectives::need_log_prob(needs, objectives::Role::alternate);
    if (both) objectives::need_log_prob(needs, objectives::Role::forget);
    const BatchItem item{.role = objectives::Role::forget, .sample = 0, .alternate = 0};
    return update_flops(model, engine.gradients, needs, data, std::span(&item, 1));
  };
  EXPECT_DOUBLE_EQ(flops(5, 20, false), flops(150, 20, false));
  EXPECT_DOUBLE_EQ(flops(30, 20, true), flops(5, 30, false) + flops(5, 20, false));
}

}  // namespace
}  // namespace lethe::training::frozen
