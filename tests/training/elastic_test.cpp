// determinism: elastic: the same bits of loss, gradient norm and weights on any grid, also after many
// updates.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <span>

#include "framework/dist/simulated_group.h"
#include "framework/training/checkpoint.h"
#include "framework/training/checkpoint_writer.h"
#include "tests/training/elastic_run.h"

namespace lethe::training::elastic {
namespace {

// The first is what the others are compared with.
constexpr GridCase kGrids[] = {
    {1, 0, 0, 3},
    {1, 3, 0, 12, true, walk::Recompute::full},
    {2, 0, 0, 100},
    {2, 1, 0, 3},
    {2, 2, 0, 4, true},
    {2, 3, 0, 2, true, walk::Recompute::selective},
    {3, 0, 0, 2},
    {3, 1, 0, 100},
    {3, 2, 0, 3},
    {3, 3, 0, 100, true},
    {4, 0, 0, 2},
    {4, 1, 2, 3},
    {4, 2, 0, 2},
    {4, 3, 2, 3, true},
    {4, 3, 0, 100},
    {6, 3, 3, 100},
    {8, 3, 4, 3, false, walk::Recompute::full, true},
    {8, 2, 2, 2},
    {8, 1, 0, 2},
    {8, 3, 0, 100, true},
    {11, 3, 0, 2},
};
constexpr GridCase kLongRuns[] = {
    {1, 0, 0, 3}, {2, 3, 0, 2, true}, {3, 3, 0, 3}, {4, 3, 2, 100}, {8, 2, 4, 100}};

Outcome train_everywhere(std::span<const GridCase> grids, at::ScalarType compute, int updates,
                         const Narrow& narrow = {}) {
  const auto model = lethe::testing::tiny_model();
  Outcome expected;
  for (const GridCase& c : grids) {
    std::mutex mutex;
    dist::run_simulated(c.world, [&](dist::ProcessGroup& world) {
      const Outcome actual = train_rank(model, c, compute, updates, world, narrow);
      const std::lock_guard lock(mutex);
      if (expected.losses.empty()) expected = actual;
      expect_same_bits(actual, expected, c);
    });
  }
  EXPECT_NE(expected.losses.front(), expected.losses.back());
  return expected;
}

TEST(Elastic, AnyGridGivesTheSameBits) { (void)train_everywhere(kGrids, at::kFloat, 3); }
TEST(Elastic, AnyGridGivesTheSameBitsInBf16) { (void)train_everywhere(kGrids, at::kBFloat16, 2); }
TEST(Elastic, TheBitsAreTheSameAfterTwentyUpdatesToo) { (void)train_everywhere(kLongRuns, at::kFloat, 20); }

// One setting at a time, and each of them changes the bits of one rank.
TEST(Elastic, AnyGridGivesTheSameBitsWhereLessThanFloat32IsKeptOrSent) {
  const Outcome plain = train_everywhere(kLongRuns, at::kFloat, 4);
  for (const Narrow& narrow :
       {Narrow{.wire = at::kBFloat16}, Narrow{.reduction = at::kBFloat16}, Narrow{.moments = "bfloat16"},
        Narrow{.moments = "bfloat16", .rounding = "nearest"}})
    EXPECT_FALSE(at::equal(train_everywhere(kLongRuns, at::kFloat, 4, narrow).weights, plain.weights));
}
TEST(Elastic, AnyGridGivesTheSameBitsWithEverythingInBf16) {
  (void)train_everywhere(kGrids, at::kBFloat16, 3, {.reduction = at::kBFloat16, .moments = "bfloat16"});
}

void save_and_go_on_everywhere(const Narrow& narrow) {
  const auto model = lethe::testing::tiny_model();
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / fmt::format("elastic_{}", ::getpid());
  const auto alone = dist::make_single_group();
  const Outcome expected = train_rank(model, {1, 0, 0, 100}, at::kFloat, 5, *alone, narrow);
  constexpr GridCase kWorlds[] = {{1, 0, 0, 3}, {2, 3, 0, 3}, {3, 3, 0, 2}, {4, 2, 2, 3}, {8, 3, 4, 100}};
  for (const GridCase& from : kWorlds) {
    std::filesystem::remove_all(folder);
    dist::run_simulated(from.world, [&](dist::ProcessGroup& world) {
      Rank rank(model, from, at::kFloat, world, narrow);
      CheckpointWriter writer(folder, 1, rank.engine.weights, rank.optimizer, world);
      Outcome outcome;
      for (int step = 0; step < 3; ++step) rank.update(step, outcome);
      (void)writer.begin(3, "same", "{}");
      rank.update(3, outcome);  // what is on its way to the disk must not change with it
      (void)writer.finish();
    });
    for (const GridCase& to : kWorlds) {
      dist::run_simulated(to.world, [&](dist::ProcessGroup& world) {
        Rank rank(model, to, at::kFloat, world, narrow);
        const auto info = find_checkpoint(folder, world);
        ASSERT_TRUE(info.has_value());
        load_checkpoint(*info, "same", rank.engine.weights, rank.optimizer);
        Outcome outcome;
        for (int step = 3; step < 5; ++step) rank.update(step, outcome);
        EXPECT_TRUE(at::equal(whole_weights(model.index, rank.engine.weights), expected.weights))
            << "from " << from.world << " to " << to.world;
      });
    }
  }
  std::filesystem::remove_all(folder);
}

TEST(Elastic, ASaveOnAnyWorldGoesOnOnAnyOtherWithTheSameBits) { save_and_go_on_everywhere({}); }
TEST(Elastic, ASaveOfMomentsInBf16GoesOnOnAnyOtherWorldWithTheSameBits) {
  save_and_go_on_everywhere({.moments = "bfloat16"});
}

TEST(Elastic, EqualsTheSumInRankOrderButForTheLastBits) {
  const auto model = lethe::testing::tiny_model();
  const Samples samples(model.config.vocab_size);
  const auto world = dist::make_single_group();
  config::Section root = config::parse("objective: npo");
  std::string name;
  const auto objective = objectives::make_objective(root, name);
  std::vector<at::Tensor> gradients;
  for (const int logical_shards : {0, 4, 16}) {
    lethe::testing::TinyEngine engine(model, *world, {}, {.compute = at::kDouble});
    walk::BlockWalk walk(model, engine.weights);
    (void)compute_gradient(walk, engine.gradients, *objective, samples.data,
                           samples.batch(0, objective->needs()),
                           {.micro_batch = 5, .logical_shards = logical_shards}, *world);
    gradients.push_back(lethe::testing::whole_gradient(model.index, engine.gradients));
  }
  for (const at::Tensor& gradient : gradients)
    EXPECT_LE(lethe::testing::largest_tensor_difference(model.index, gradient, gradients[0]), 1e-12);
}

}  // namespace
}  // namespace lethe::training::elastic
