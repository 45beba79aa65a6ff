// The plan against what a rank counts while it scores: passes through weights with noise, and jets.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "framework/base/memory_counter.h"
#include "framework/dist/simulated_group.h"
#include "framework/ops/product.h"
#include "framework/planning/memory.h"
#include "framework/scoring/job_grid.h"
#include "framework/scoring/mrd.h"
#include "framework/scoring/walked_model.h"
#include "framework/sharding/counting_allocator.h"
#include "tests/planning/toy_set.h"
#include "tests/support/tiny_model.h"

namespace lethe::planning {
namespace {

using base::Memory;

struct ScoringSetting {
  const char* name;
  const char* estimator;
  at::ScalarType compute = at::kFloat;
  int zero = 0, ranks = 1;
  bool prefetch = false;
  std::int64_t words = 900;  // many: the head needs more than a block
};
class CountedBytesOfScoring : public ::testing::TestWithParam<ScoringSetting> {};

struct CountedScoring {
  std::int64_t weights = 0, gathered = 0, at_once = 0;
};

CountedScoring score(const models::DecoderModel& model, const ToySet& set, const ScoringSetting& setting,
                     dist::ProcessGroup& world) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, Memory::other);
  sharding::Grid grid(world, sharding::grid_shape(setting.zero, 0, setting.ranks));
  sharding::WeightStore weights(model.index, grid,
                                {.compute = setting.compute, .prefetch = setting.prefetch});
  weights.load([&](std::uint64_t first, std::span<float> out) {
    lethe::testing::fill_tiny_weights(model.index, first, out);
  });
  walk::BlockWalk walk(model, weights);
  scoring::WalkedModel scored(walk, weights, world, set.documents);
  scoring::MrdOptions options;
  options.estimator = setting.estimator;
  if (options.estimator == "antithetic") options.sigma_eff = 1e-3;
  options.stop = {.min_draws = 2, .max_draws = 2};
  (void)scoring::score(scored, options, 0);
  return {.weights = counters->peak(Memory::weights),
          .gathered = counters->peak(Memory::gathered),
          .at_once = counters->peak_of_all()};
}

TEST_P(CountedBytesOfScoring, IsWhatThePlanSays) {
  sharding::count_allocations();
  const ScoringSetting& setting = GetParam();
  const auto model = toy_model(setting.words);
  const ToySet set;
  ASSERT_EQ(data::packs_of(set.documents).size(), 1u);
  // Draws of a call: one on one or two ranks, with both signs on one rank; as many as keep three busy.
  const std::int64_t draws = scoring::draws_that_keep_busy(setting.ranks, 1);
  const bool jets = setting.estimator == std::string("jet");
  const Workload load{.trains = false,
                      .measures = {.pack = set.pack(),
                                   .perturbs = !jets,
                                   .together = (draws * (jets ? 1 : 2) + setting.ranks - 1) / setting.ranks,
                                   .directions = jets ? 2 : 0,
                                   .longest_document = set.longest()},
                      .zero = setting.zero,
                      .shard_size = setting.zero == 0 ? 1 : setting.ranks,
                      .replicas = setting.zero == 0 ? setting.ranks : 1,
                      .compute_bytes = c10::elementSize(setting.compute),
                      .widens_bf16 = !ops::multiplied_natively(at::kBFloat16, at::kCPU),
                      .prefetch = setting.prefetch};
  std::map<std::string, std::int64_t> planned;
  const auto entries = predict_memory(model, load);
  for (const MemoryEntry& entry : entries) planned[entry.category] = static_cast<std::int64_t>(entry.bytes);
  const auto total = static_cast<double>(total_bytes(entries));
  std::mutex mutex;
  std::int64_t most_at_once = 0;
  dist::run_simulated(setting.ranks, [&](dist::ProcessGroup& world) {
    const CountedScoring counted = score(model, set, setting, world);
    const std::lock_guard lock(mutex);
    EXPECT_EQ(counted.weights, planned.at("weights"));
    EXPECT_EQ(counted.gathered, planned.at("gathered"));
    most_at_once = std::max(most_at_once, counted.at_once);
  });
  // A rank without a pack only gathers along.
  EXPECT_NEAR(static_cast<double>(most_at_once) / total, 1, 0.02)
      << most_at_once << " counted, " << total << " planned: " << planned["gathered"] << " gathered, "
      << planned["activations"] << " + " << planned["head"] << " of passes";
}

INSTANTIATE_TEST_SUITE_P(
    Settings, CountedBytesOfScoring,
    ::testing::Values(ScoringSetting{"pairs", "antithetic"}, ScoringSetting{"jets", "jet"},
                      ScoringSetting{"pairs_prefetch", "antithetic", at::kFloat, 0, 1, true},
                      ScoringSetting{"pairs_sharded", "antithetic", at::kFloat, 3, 3},
                      ScoringSetting{"jets_sharded", "jet", at::kFloat, 3, 3},
                      ScoringSetting{"pairs_zero_2", "antithetic", at::kFloat, 2, 2},
                      ScoringSetting{"pairs_bf16", "antithetic", at::kBFloat16},
                      ScoringSetting{"jets_bf16", "jet", at::kBFloat16},
                      ScoringSetting{"pairs_of_many_words", "antithetic", at::kFloat, 0, 1, false, 9000},
                      ScoringSetting{"jets_of_many_words", "jet", at::kFloat, 0, 1, false, 9000}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lethe::planning
