// What parallel.zero and parallel.shard choose, and what the configuration accepts of them.
#include "framework/run/grid_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/planning/stage.h"
#include "framework/run/engine.h"

namespace lethe::run {
namespace {

using ::testing::HasSubstr;

RunConfig config_with(const std::string& parallel) {
  return read_run_config(config::parse(
      "model: {init: random, tokenizer: nowhere}\ndata: {forget: {path: a}, retain: {path: b}}\n" +
      (parallel.empty() ? "" : "parallel: {" + parallel + "}\n")));
}

std::string error_of(const std::string& parallel) {
  try {
    (void)config_with(parallel);
  } catch (const Error& e) {
    return e.key();
  }
  return "";
}

TEST(ParallelKeys, TakeTheirWordsAndTheOldValues) {
  EXPECT_EQ(config_with("").parallel.zero, "auto");
  EXPECT_EQ(config_with("zero: 2").parallel.zero, "2");
  EXPECT_EQ(config_with("zero: auto").parallel.zero, "auto");
  EXPECT_EQ(error_of("zero: 4"), "config.range");
  EXPECT_EQ(error_of("zero: big"), "config.unknown");
  EXPECT_EQ(config_with("shard: 4").parallel.shard, "4");
  EXPECT_EQ(config_with("shard: node").parallel.shard, "node");
  EXPECT_EQ(error_of("shard: -1"), "config.range");
  EXPECT_EQ(config_with("").parallel.recompute, walk::Recompute::none);
  EXPECT_EQ(config_with("recompute: true").parallel.recompute, walk::Recompute::full);
  EXPECT_EQ(config_with("recompute: false").parallel.recompute, walk::Recompute::none);
  EXPECT_EQ(config_with("recompute: selective").parallel.recompute, walk::Recompute::selective);
  EXPECT_EQ(error_of("recompute: some"), "config.unknown");
  EXPECT_TRUE(config_with("recompute: full, offload_inputs: true").parallel.offload_inputs);
  EXPECT_EQ(error_of("offload_inputs: true"), "config.conflict");
}

TEST(ParallelKeys, ReadTheirOwnEffectiveConfiguration) {
  config::Section root = config::parse(
      "model: {init: random, tokenizer: nowhere}\ndata: {forget: {path: a}, retain: {path: b}}\n"
      "parallel: {zero: 3, shard: 2, recompute: true}\n");
  (void)read_run_config(root);
  const RunConfig again = read_run_config(config::parse(config::effective_yaml(root)));
  EXPECT_EQ(again.parallel.zero, "3");
  EXPECT_EQ(again.parallel.shard, "2");
  EXPECT_EQ(again.parallel.recompute, walk::Recompute::full);
}

std::vector<LocalPlace> places(const std::vector<std::int64_t>& sizes) {
  std::vector<LocalPlace> all;
  for (const std::int64_t size : sizes)
    for (std::int64_t rank = 0; rank < size; ++rank) all.push_back({rank, size});
  return all;
}

TEST(ShardGroup, IsANodeAboveOneNodeElseTheWorld) {
  const NodePlan one = node_plan(places({4})), two = node_plan(places({4, 4})),
                 uneven = node_plan(places({4, 2}));
  EXPECT_EQ(shard_group("auto", one, 4), 4);
  EXPECT_EQ(two.nodes, 2);
  EXPECT_EQ(shard_group("auto", two, 8), 4);
  EXPECT_EQ(shard_group("node", two, 8), 4);
  EXPECT_EQ(shard_group("world", two, 8), 8);
  EXPECT_EQ(shard_group("0", two, 8), 8);
  EXPECT_EQ(shard_group("2", two, 8), 2);
  EXPECT_THROW((void)shard_group("3", two, 8), Error);
  EXPECT_EQ(shard_group("auto", uneven, 6), 6);
  EXPECT_THROW((void)shard_group("node", uneven, 6), Error);
}

TEST(ShardGroup, IsNoNodeWhoseRanksDoNotFollowOneAnother) {
  const std::vector<LocalPlace> in_turn = {{0, 2}, {0, 2}, {1, 2}, {1, 2}};
  EXPECT_THAT(node_plan(in_turn).uneven, HasSubstr("--map-by slot"));
  EXPECT_EQ(shard_group("auto", node_plan(in_turn), 4), 4);
}

struct Sizes {
  models::DecoderModel model;
  DataLengths data;
  std::uint64_t needs(const RunConfig& config, int zero) const {
    planning::Workload load = workload_of(config, model.index, data, 4, 4);
    load.zero = zero, load.shard_size = zero == 0 ? 1 : 4;
    load.replicas = 4 / load.shard_size;
    return planning::total_bytes(planning::predict_memory(model, load));
  }
};

Sizes sizes_of(const RunConfig& config) {
  return {.model = models::make_decoder_model(model_shape(config, 500)),
          .data = {.forget = {{20, 10}, {30, 12}}, .retain = {{25, 9}}}};
}

TEST(AutoStage, IsTheSmallestThatFits) {
  const RunConfig config = config_with("");
  const Sizes sizes = sizes_of(config);
  const auto stage = [&](std::uint64_t available, std::optional<int> kept = {}) {
    return choose_grid(config, sizes.model, sizes.data,
                       {.group = 4, .world = 4, .available = available, .kept = kept})
        .shape.zero;
  };
  const auto room = [&](int zero) {
    return static_cast<std::uint64_t>(planning::kResidentOverTensors *
                                      static_cast<double>(sizes.needs(config, zero))) +
           1;
  };
  EXPECT_EQ(stage(room(0)), 0);
  EXPECT_GT(stage(room(0) - 2), 0);
  EXPECT_EQ(stage(room(3)), 3);
  EXPECT_EQ(stage(sizes.needs(config, 3)), 3) << "tight, but it may do";
  EXPECT_EQ(stage(room(0), 2), 2) << "a resumed run keeps its stage";
  try {
    (void)stage(sizes.needs(config, 3) - 1);
    FAIL() << "nothing was refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "oom.predicted");
    EXPECT_THAT(e.message(), HasSubstr("; try "));
  }
}

TEST(AutoStage, OfARunThatOnlyMeasuresNeedsNoRoomForMoments) {
  const RunConfig config = config_with("");
  const Sizes sizes = sizes_of(config);
  const auto zero = [&](bool trains) {
    return choose_grid(config, sizes.model, sizes.data,
                       {.group = 4, .world = 4, .available = sizes.needs(config, 0), .trains = trains})
        .shape.zero;
  };
  EXPECT_EQ(zero(false), 0);
  EXPECT_GT(zero(true), 0);
  EXPECT_NO_THROW((void)choose_grid(config, sizes.model, sizes.data,
                                    {.group = 4, .world = 4, .available = 1, .trains = false}));
}

// Copies of the weights with noise, the parts of jets, and the gradient of an analysis take room of their
// own.
TEST(AutoStage, OfAScoringCountsWhatItsPassesHold) {
  const RunConfig config = config_with("");
  const Sizes sizes = sizes_of(config);
  const planning::PackSize pack{.tokens = 50, .scored = 22};
  const auto zero = [&](std::uint64_t available, planning::Measuring passes) {
    passes.pack = pack;
    return choose_grid(config, sizes.model, sizes.data,
                       {.group = 4, .world = 4, .available = available, .trains = false, .passes = passes})
        .shape.zero;
  };
  std::uint64_t room = 1 << 10;  // that passes of the weights as they are fit into
  while (zero(room, {}) > 0) room += 1 << 10;
  EXPECT_GT(zero(room, {.perturbs = true}), 0);
  EXPECT_GT(zero(room, {.directions = 2, .longest_document = 30}), 0);
  EXPECT_GT(zero(room, {.gradient_of = {.tokens = 30, .scored = 12}}), 0);
}

// A second model, the gradient of an answer and the cache of generations take room, in a training too.
TEST(AutoStage, CountsWhatAnEvaluationHolds) {
  const RunConfig config = config_with("");
  const Sizes sizes = sizes_of(config);
  const auto zero = [&](std::uint64_t available, bool trains, planning::Evaluating evaluation) {
    evaluation.pack = {.tokens = 50, .scored = 22};
    const GridRequest request{.group = 4,
                              .world = 4,
                              .available = available,
                              .trains = trains,
                              .passes = {.evaluation = evaluation}};
    try {
      return choose_grid(config, sizes.model, sizes.data, request).shape.zero;
    } catch (const Error& e) {
      EXPECT_EQ(e.key(), "oom.predicted");
      return 4;
    }
  };
  for (const bool trains : {false, true}) {
    std::uint64_t room = trains ? sizes.needs(config, 3) : 1 << 10;  // that the rest fits into
    while (zero(room, trains, {}) > 0) room += 1 << 10;
    EXPECT_GT(zero(room, trains, {.reference = {sizes.model}}), 0) << trains;
    EXPECT_GT(zero(room, trains, {.gradient_of = {.tokens = 50, .scored = 22}}), 0) << trains;
    EXPECT_GT(zero(room, trains, {.prompts = {.tokens = 50, .scored = 2}, .cached_tokens = 20'000}), 0)
        << trains;
  }
}

TEST(AutoStage, LeavesAConfiguredStageAlone) {
  const RunConfig config = config_with("zero: 1");
  const Sizes sizes = sizes_of(config);
  const GridChoice choice =
      choose_grid(config, sizes.model, sizes.data, {.group = 2, .world = 4, .available = 1, .kept = 3});
  EXPECT_EQ(choice.shape.zero, 1);
  EXPECT_EQ(choice.shape.shard_size, 2);
}

}  // namespace
}  // namespace lethe::run
