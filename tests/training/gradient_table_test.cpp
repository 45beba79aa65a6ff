// The table of the first update's gradient: every grid x micro-batch x accumulation against one rank that
// runs the batch at once; and after the update every rank holds the same weights.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "framework/optim/adamw.h"
#include "framework/training/train_step.h"
#include "tests/support/tiny_model.h"

namespace lethe::training::gradient_table {
namespace {

struct GridCase {
  int world, zero, shard;
};
std::ostream& operator<<(std::ostream& out, const GridCase& c) {
  return out << "world " << c.world << ", zero " << c.zero << ", shard " << c.shard;
}

// How a batch of `samples` is cut: by a rank into `accumulation` micro-batches.
struct Cut {
  std::int64_t micro_batch, accumulation;
};
constexpr Cut kCuts[] = {{1, 1}, {1, 2}, {2, 1}, {2, 2}, {5, 1}, {5, 2}};

struct Samples {
  Samples(std::int64_t vocab, std::int64_t count)
      : texts(lethe::testing::tiny_documents(static_cast<int>(count), 9, vocab)) {
    for (std::int64_t d = 0; d < count; ++d) {
      const auto& text = texts[static_cast<std::size_t>(d)];
      data.documents[d % 2].push_back({.ids = text, .prompt_tokens = 1 + d % 3});
      ids[d % 2].push_back(d / 2);
    }
    reference = inference::empty_log_probs(data.of(objectives::Role::forget));
    std::ranges::fill(reference.values, -3.5);
    data.references[0] = &reference;
  }
  std::vector<std::vector<std::int32_t>> texts;
  std::array<std::vector<std::int64_t>, 2> ids;
  TrainingData data;
  inference::TokenLogProbs reference;
};

struct Outcome {
  at::Tensor gradient, masters;  // the whole gradient; the rank's weights after the update
  std::size_t waves = 0;
};

Outcome first_update(const models::DecoderModel& model, const Samples& samples, std::int64_t micro_batch,
                     const GridCase& c, at::ScalarType dtype, dist::ProcessGroup& world) {
  config::Section root = config::parse("objective: npo");
  std::string name;
  const auto objective = objectives::make_objective(root, name);
  lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(c.zero, c.shard, c.world),
                                    {.compute = dtype, .poison_released = true, .prefetch = true});
  walk::BlockWalk walk(model, engine.weights);
  optim::AdamW optimizer({}, engine.weights);
  const auto items =
      batch_items(samples.data, objective->needs(), {.forget = samples.ids[0], .retain = samples.ids[1]});
  const SplitOptions split{.micro_batch = micro_batch};
  (void)compute_gradient(walk, engine.gradients, *objective, samples.data, items, split, world);
  Outcome outcome{.waves = plan_batch(items, c.world, split).waves.size()};
  outcome.gradient = lethe::testing::whole_gradient(model.index, engine.gradients);
  optimizer.step(engine.gradients, 1e-3, 1);
  std::vector<at::Tensor> masters;
  for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s)
    masters.push_back(engine.weights.master(s).clone());
  outcome.masters = at::cat(masters);
  return outcome;
}

// One rank, the whole batch at once: what every grid is compared with. Made once for a batch.
const Outcome& alone(const models::DecoderModel& model, std::int64_t count, at::ScalarType dtype) {
  static std::map<std::pair<std::int64_t, at::ScalarType>, Outcome> made;
  const auto key = std::pair(count, dtype);
  if (!made.contains(key)) {
    const auto world = dist::make_single_group();
    made[key] = first_update(model, Samples(model.config.vocab_size, count), 1000, {1, 0, 0}, dtype, *world);
  }
  return made.at(key);
}

class GradientTable : public ::testing::TestWithParam<GridCase> {
 protected:
  // The largest per-tensor L2 difference of this grid from one rank.
  double difference(const Cut& cut, at::ScalarType dtype) {
    const GridCase grid = GetParam();
    const auto model = lethe::testing::tiny_model();
    const std::int64_t count = grid.world * cut.micro_batch * cut.accumulation;
    const Samples samples(model.config.vocab_size, count);
    const Outcome& expected = alone(model, count, dtype);
    EXPECT_GT(expected.gradient.norm().item<double>(), 0);
    std::vector<Outcome> ranks(static_cast<std::size_t>(grid.world));
    dist::run_simulated(grid.world, [&](dist::ProcessGroup& world) {
      ranks[static_cast<std::size_t>(world.rank())] =
          first_update(model, samples, cut.micro_batch, grid, dtype, world);
    });
    EXPECT_GE(ranks[0].waves, static_cast<std::size_t>(cut.accumulation));
    expect_equal_replicas(ranks);
    double largest = 0;
    for (const Outcome& rank : ranks) {
      const double of_rank =
          lethe::testing::largest_tensor_difference(model.index, rank.gradient, expected.gradient);
      if (!(of_rank <= largest)) largest = of_rank;  // a NaN stays
    }
    return largest;
  }

  // Ranks with the same place in their shard groups.
  static void expect_equal_replicas(const std::vector<Outcome>& ranks) {
    const GridCase grid = GetParam();
    const auto size =
        static_cast<std::size_t>(sharding::grid_shape(grid.zero, grid.shard, grid.world).shard_size);
    for (std::size_t rank = size; rank < ranks.size(); ++rank)
      EXPECT_TRUE(at::equal(ranks[rank].masters, ranks[rank % size].masters)) << "rank " << rank;
  }
};

TEST_P(GradientTable, HoldsInEveryCut) {
  for (const Cut& cut : kCuts) {
    const std::string where = fmt::format("micro-batch {} x {}", cut.micro_batch, cut.accumulation);
    EXPECT_LE(difference(cut, at::kDouble), 1e-12) << where << " in float64";
    EXPECT_LE(difference(cut, at::kFloat), 1e-6) << where << " in float32";
  }
}

// What the division by the counts of the whole batch is for: a loss is a mean over it.
TEST(GlobalCounts, TheSameSamplesTwiceHaveTheSameGradient) {
  const auto model = lethe::testing::tiny_model();
  Samples samples(model.config.vocab_size, 6);
  const auto world = dist::make_single_group();
  const Outcome once = first_update(model, samples, 4, {1, 0, 0}, at::kDouble, *world);
  for (auto& ids : samples.ids) ids.insert(ids.end(), {0, 1, 2});
  const Outcome twice = first_update(model, samples, 4, {1, 0, 0}, at::kDouble, *world);
  EXPECT_LE(lethe::testing::largest_tensor_difference(model.index, twice.gradient, once.gradient), 1e-12);
}

// Replicas x ranks of a shard group: 1x1; 2x1, 1x2; 3x1, 1x3; 4x1, 2x2, 1x4; 8x1, 4x2, 2x4, 1x8.
std::vector<GridCase> every_grid() {
  std::vector<GridCase> grids;
  for (const int world : {1, 2, 3, 4, 8}) {
    grids.push_back({world, 0, 0});
    for (const int zero : {1, 2, 3}) {
      for (int shard = 1; shard <= world; ++shard)
        if (world % shard == 0 && (shard > 1 || zero == 3)) grids.push_back({world, zero, shard});
    }
  }
  return grids;
}

INSTANTIATE_TEST_SUITE_P(Grids, GradientTable, ::testing::ValuesIn(every_grid()), [](const auto& info) {
  return fmt::format("world{}_zero{}_shard{}", info.param.world, info.param.zero, info.param.shard);
});

}  // namespace
}  // namespace lethe::training::gradient_table
