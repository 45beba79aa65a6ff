// The least time of an update, against numbers worked out by hand.
#include "framework/planning/step_time.h"

#include <gtest/gtest.h>

#include "tests/planning/small_model.h"

namespace lethe::planning {
namespace {

constexpr std::uint64_t kEmbedding = 80, kLayer = 496, kNorm = 8, kModel = kEmbedding + 2 * kLayer + kNorm;
constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;

Workload grid(int zero, int shard, int replicas) {
  return {.zero = zero, .shard_size = shard, .replicas = replicas};
}

StepTime time_of(const Workload& load, int waves = 1, bool tied = true) {
  return least_step_time(small_model(tied), load,
                         {.batch = {.tokens = 5, .scored = 3, .squared_lengths = 25}, .waves = waves},
                         {.flops = 1000, .bytes = 100});
}

TEST(StepTime, OfOneRankIsItsArithmetic) {
  // A layer's matrices hold 480 elements; attention of a document is 5 * 5 * 4 heads * 2 * 2.
  const double forward = 2 * (2 * 5 * 480 + 2 * 25 * 8) + 2 * 3 * 80;
  const StepTime time = time_of(grid(0, 1, 1));
  EXPECT_DOUBLE_EQ(time.flops, 3 * forward);
  EXPECT_DOUBLE_EQ(time.seconds(), 3 * forward / 1000);
  EXPECT_EQ(time.gathered + time.reduced, 0u);
  EXPECT_FALSE(time.bound_by_wire());
  EXPECT_DOUBLE_EQ(time_of(grid(0, 1, 4)).flops, 3 * forward / 4);
}

TEST(StepTime, TrafficFollowsTheStage) {
  const StepTime replicas = time_of(grid(0, 1, 4), 3);
  EXPECT_EQ(replicas.gathered, 0u);
  EXPECT_EQ(replicas.reduced, 2 * 3 * kModel * 4 / 4) << "an all-reduce, once however many waves";
  const StepTime one = time_of(grid(1, 4, 1), 3), two = time_of(grid(2, 4, 1), 3),
                 three = time_of(grid(3, 4, 1), 3);
  EXPECT_EQ(one.gathered, 3 * kModel * 4 / 4);
  EXPECT_EQ(one.reduced, 3 * kModel * 4 / 4);
  EXPECT_EQ(two.gathered, one.gathered);
  EXPECT_EQ(two.reduced, 3 * 3 * (kModel + kEmbedding) * 4 / 4) << "each use of a tied embedding, each wave";
  EXPECT_EQ(three.reduced, two.reduced);
  EXPECT_EQ(three.gathered, 3 * 3 * (kEmbedding + 2 * (2 * kLayer + kNorm + kEmbedding)) * 4 / 4);
  EXPECT_EQ(time_of(grid(2, 4, 1), 1, false).reduced, 3 * (kModel + kEmbedding) * 4 / 4)
      << "a head of its own";
  EXPECT_DOUBLE_EQ(three.wire_seconds, static_cast<double>(three.gathered + three.reduced) / 100);
}

// Behind the first layer: nothing above it is multiplied or gathered, but sums of all parameters travel.
TEST(StepTime, OfPassesThatEndAtALayerIsOfWhatTheyRead) {
  Workload load = grid(3, 4, 1);
  const StepTime through = time_of(load, 3);
  load.last_layer = 0;
  const StepTime time = time_of(load, 3);
  EXPECT_DOUBLE_EQ(time.flops, 3 * (2 * 5 * 480 + 2 * 25 * 8) / 4);
  EXPECT_EQ(time.gathered, 3 * 3 * (kEmbedding + 2 * kLayer) * 4 / 4);
  EXPECT_EQ(time.reduced, through.reduced);
  load.zero = 2;
  EXPECT_EQ(time_of(load, 3).gathered, 3 * (kEmbedding + kLayer) * 4 / 4);
}

TEST(StepTime, HybridGridsReduceOverReplicasWhatARankOwns) {
  const StepTime hybrid = time_of(grid(2, 2, 4));
  EXPECT_EQ(hybrid.reduced, (kModel + kEmbedding) * 4 / 2 + 2 * 3 * (kModel / 2) * 4 / 4);
  EXPECT_EQ(hybrid.gathered, kModel * 4 / 2);
}

// The upper of two layers is trained: the backward ends there, and of the other blocks nothing is added up.
TEST(StepTime, WhatIsFrozenHasNoGradients) {
  Workload load = grid(3, 4, 1);
  load.trained_segments = {false, false, true, false};  // embedding, two layers, final norm
  const models::DecoderModel model = small_model();
  UpdateWork work{.batch = {.tokens = 5, .scored = 3, .squared_lengths = 25}, .waves = 2};
  for (const models::Parameter& parameter : model.index.parameters())
    work.trained_parameters.push_back(load.trained_segments[static_cast<std::size_t>(parameter.segment)]);
  const auto time = [&] { return least_step_time(model, load, work, {.flops = 1000, .bytes = 100}); };
  const double layer = 2 * 5 * 480 + 2 * 25 * 8, head = 2 * 3 * 80;
  EXPECT_DOUBLE_EQ(time().flops, (2 * layer + head + 2 * layer + head) / 4);
  EXPECT_EQ(time().gathered, 2 * 3 * (kEmbedding + 3 * kLayer + 2 * (kNorm + kEmbedding)) * 4 / 4);
  EXPECT_EQ(time().reduced, 2 * 3 * kLayer * 4 / 4);
  load.zero = 1;
  EXPECT_EQ(time().gathered, 3 * kModel * 4 / 4) << "all weights, once an update";
  EXPECT_EQ(time().reduced, 3 * kLayer * 4 / 4);
  load = {.trained_segments = load.trained_segments, .replicas = 4};
  EXPECT_EQ(time().reduced, 2 * 3 * kLayer * 4 / 4);
}

TEST(StepTime, NarrowTypesTravelLighter) {
  Workload load = grid(3, 4, 1);
  const StepTime wide = time_of(load);
  load.compute_bytes = 2, load.reduction_bytes = 2;
  EXPECT_EQ(time_of(load).gathered, wide.gathered / 2);
  EXPECT_EQ(time_of(load).reduced, wide.reduced / 2);
}

TEST(StepTime, AFasterGridIsNamedOnlyWhereItFitsAndIsWorthIt) {
  const auto faster = [](const Workload& load, std::uint64_t available, double bytes = 100) {
    return faster_grid(small_model(), load,
                       {.batch = {.tokens = 5, .scored = 3, .squared_lengths = 25}, .waves = 3},
                       {.flops = 1000, .bytes = bytes}, 2, available);
  };
  const auto from_three = faster(grid(3, 4, 1), kPlenty);
  ASSERT_TRUE(from_three.has_value());
  EXPECT_LT(from_three->zero, 2);
  EXPECT_FALSE(faster(*from_three, kPlenty).has_value()) << "nothing beats the best";
  EXPECT_FALSE(faster(grid(3, 4, 1), 1).has_value()) << "nothing fits";
  EXPECT_FALSE(faster(grid(3, 4, 1), kPlenty, 1e12).has_value()) << "arithmetic is the bound";
}

}  // namespace
}  // namespace lethe::planning
