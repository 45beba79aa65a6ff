// The plan against what a rank of ZeRO-3 counts while it makes two updates: what it keeps is predicted to the
// byte, and all of it at its fullest moment within two per cent.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <vector>

#include "framework/base/memory_counter.h"
#include "framework/dist/simulated_group.h"
#include "framework/ops/product.h"
#include "framework/optim/adamw.h"
#include "framework/planning/memory.h"
#include "framework/sharding/counting_allocator.h"
#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::planning {
namespace {

using base::Memory;
constexpr int kRanks = 4;

// Wide enough that tensors, not the words around them, make up the sum.
models::DecoderModel narrow_model() {
  return models::make_decoder_model({.vocab_size = 600,
                                     .hidden_size = 96,
                                     .intermediate_size = 256,
                                     .num_layers = 5,
                                     .num_heads = 6,
                                     .num_kv_heads = 2,
                                     .head_dim = 16,
                                     .tie_word_embeddings = true});
}

// SmolLM2-135M's widths, with fewer blocks and words.
models::DecoderModel wide_model() {
  return models::make_decoder_model({.vocab_size = 1200,
                                     .hidden_size = 576,
                                     .intermediate_size = 1536,
                                     .num_layers = 2,
                                     .num_heads = 9,
                                     .num_kv_heads = 3,
                                     .head_dim = 64,
                                     .tie_word_embeddings = true});
}

struct Counted {
  std::map<std::string, std::int64_t> peak;  // by category
  std::int64_t at_once = 0;
};

// A pass that ends behind a layer, and its way back: nothing is asked of the head.
void walk_to_tap(const data::Pack& pack, int layer, walk::BlockWalk& walk,
                 sharding::GradientStore& gradients) {
  (void)walk.forward(pack, {.statistics = {}, .for_backward = true, .tap_layer = layer});
  const at::Tensor upstream = [&] {
    const base::MemoryScope memory(Memory::activations);
    return at::ones(walk.tap().sizes(), at::kFloat);
  }();
  const walk::Statistics none;
  const int leaf = 0;
  walk.backward(std::span(&none, 1), std::span(&leaf, 1), gradients, std::span(&upstream, 1));
}

// Two updates of a rank, with the same pack on every rank: in the second all buffers are there.
Counted updates(const models::DecoderModel& model, const data::Pack& pack, const Workload& load,
                at::ScalarType compute, dist::ProcessGroup& world) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, Memory::other);
  lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(3, 0, kRanks),
                                    {.compute = compute, .prefetch = load.prefetch});
  optim::AdamW optimizer({}, engine.weights);
  walk::BlockWalk walk(model, engine.weights,
                       {.recompute = load.recompute, .offload_inputs = load.offload_inputs});
  for (int step = 0; step < 2; ++step) {
    engine.gradients.zero();
    if (load.last_layer >= 0) {
      walk_to_tap(pack, load.last_layer, walk, engine.gradients);
    } else {
      (void)walk.forward(pack, {.for_backward = true});
      walk.backward({at::ones({pack.num_scored()})}, engine.gradients);
    }
    engine.gradients.finish();
    optimizer.step(engine.gradients, 1e-3, 1);
  }
  Counted counted{.at_once = counters->peak_of_all()};
  for (const Memory category : {Memory::weights, Memory::moments, Memory::gradients, Memory::gathered,
                                Memory::activations, Memory::offloaded})
    counted.peak[std::string(base::name_of(category))] = counters->peak(category);
  return counted;
}

// The leaves of every rank, by wave.
std::vector<std::vector<std::vector<int>>> waves_of(int leaves, int ranks, int at_once) {
  const int each = leaves / ranks;
  std::vector<std::vector<std::vector<int>>> waves(static_cast<std::size_t>(each / at_once),
                                                   std::vector<std::vector<int>>(ranks));
  for (int leaf = 0; leaf < leaves; ++leaf) waves[leaf % each / at_once][leaf / each].push_back(leaf);
  return waves;
}

// Most bytes of gradients of an update whose sums are trees.
std::int64_t elastic_update(const models::DecoderModel& model, const data::Pack& pack,
                            const std::vector<std::vector<std::vector<int>>>& waves, int leaves, int zero,
                            dist::ProcessGroup& world) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, Memory::other);
  lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(zero, 0, world.size()), {});
  walk::BlockWalk walk(model, engine.weights, {.recompute = walk::Recompute::full});
  engine.gradients.zero();
  engine.gradients.fold_leaves(leaves);
  for (const auto& wave : waves) {
    engine.gradients.begin_wave(wave);
    const std::vector<int>& mine = wave[static_cast<std::size_t>(world.rank())];
    const std::vector<data::Pack> packs(mine.size(), pack);
    (void)walk.forward(packs, {.for_backward = true});
    const std::vector<walk::Statistics> upstream(mine.size(), {at::ones({pack.num_scored()})});
    walk.backward(upstream, mine, engine.gradients);
  }
  engine.gradients.finish();
  return counters->peak(Memory::gradients);
}

struct Elastic {
  int zero, ranks, leaves, at_once;
};
class CountedBytesOfTrees : public ::testing::TestWithParam<Elastic> {};

TEST_P(CountedBytesOfTrees, AreWhatThePlanSays) {
  sharding::count_allocations();
  const Elastic e = GetParam();
  const auto model = narrow_model();
  const auto documents = lethe::testing::tiny_documents(2, 5, model.config.vocab_size);
  const data::Pack pack = lethe::testing::tiny_pack(documents, std::array{0, 1});
  const auto waves = waves_of(e.leaves, e.ranks, e.at_once);
  Workload load{.zero = e.ranks == 1 ? 0 : e.zero, .shard_size = e.ranks};
  for (const auto& wave : waves) load.leaves.push_back(wave.front());
  const auto planned = static_cast<double>(predict_memory(model, load)[2].bytes);
  dist::run_simulated(e.ranks, [&](dist::ProcessGroup& world) {
    const std::int64_t counted = elastic_update(model, pack, waves, e.leaves, e.zero, world);
    EXPECT_NEAR(static_cast<double>(counted) / planned, 1, 0.03)
        << counted << " counted, " << planned << " planned";
  });
}

INSTANTIATE_TEST_SUITE_P(Grids, CountedBytesOfTrees,
                         ::testing::Values(Elastic{0, 1, 8, 8}, Elastic{0, 1, 8, 1}, Elastic{0, 1, 16, 4},
                                           Elastic{1, 2, 8, 1}, Elastic{3, 2, 8, 1}, Elastic{3, 4, 16, 1},
                                           Elastic{3, 4, 8, 2}),
                         [](const auto& info) {
                           const Elastic& e = info.param;
                           return fmt::format("zero{}_{}ranks_{}leaves_{}each", e.zero, e.ranks, e.leaves,
                                              e.at_once);
                         });

// Most bytes of activations while four packs walk together.
std::int64_t bytes_of_wave(std::int64_t keep_bytes, const models::DecoderModel& model,
                           const data::Pack& pack) {
  std::int64_t bytes = 0;
  dist::run_simulated(1, [&](dist::ProcessGroup& world) {
    const auto counters = std::make_shared<base::MemoryCounters>();
    const base::MemoryScope memory(counters, Memory::other);
    lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(0, 0, 1), {});
    walk::BlockWalk walk(model, engine.weights,
                         {.recompute = walk::Recompute::full, .head = {.keep_bytes = keep_bytes}});
    const std::vector<data::Pack> packs(4, pack);
    (void)walk.forward(packs, {.for_backward = true});
    bytes = counters->peak(Memory::activations);
  });
  return bytes;
}

TEST(CountedBytesOfWaves, HoldTheLogitsOfAllPacksOrOfNone) {
  sharding::count_allocations();
  const auto model = narrow_model();
  const auto documents = lethe::testing::tiny_documents(2, 5, model.config.vocab_size);
  const data::Pack pack = lethe::testing::tiny_pack(documents, std::array{0, 1});
  const std::int64_t of_one = pack.num_scored() * model.config.vocab_size * 4;
  const std::int64_t none = bytes_of_wave(0, model, pack), all = bytes_of_wave(4 * of_one, model, pack);
  EXPECT_GT(all, none + 2 * of_one);
  EXPECT_EQ(bytes_of_wave(4 * of_one - 1, model, pack), none);
}

struct Setting {
  const char* name;
  at::ScalarType compute;
  bool prefetch;
  walk::Recompute recompute = walk::Recompute::none;
  bool offload_inputs = false;
  bool wide = false;    // SmolLM2's widths and a short pack: weights' gradients outweigh activations
  int last_layer = -1;  // where the passes end at a tap
  bool hides = false;   // the last token of each document is seen by nobody
};
class CountedBytes : public ::testing::TestWithParam<Setting> {};

TEST_P(CountedBytes, AreWhatThePlanSays) {
  sharding::count_allocations();
  const auto model = GetParam().wide ? wide_model() : narrow_model();
  const auto texts = lethe::testing::tiny_documents(GetParam().wide ? 12 : 60, 5, model.config.vocab_size);
  std::vector<data::Document> documents;
  for (const auto& text : texts)
    documents.push_back({.ids = text, .prompt_tokens = 3, .unseen_id = GetParam().hides ? text.back() : -1});
  const data::Pack pack = data::make_pack(documents);
  const Workload load{.zero = 3,
                      .shard_size = kRanks,
                      .compute_bytes = c10::elementSize(GetParam().compute),
                      .widens_bf16 = !ops::multiplied_natively(at::kBFloat16, at::kCPU),
                      .prefetch = GetParam().prefetch,
                      .recompute = GetParam().recompute,
                      .offload_inputs = GetParam().offload_inputs,
                      .pack_tokens = pack.num_tokens(),
                      .scored_tokens = pack.num_scored(),
                      .last_layer = GetParam().last_layer};
  std::map<std::string, std::int64_t> planned;
  const auto entries = predict_memory(model, load);
  for (const MemoryEntry& entry : entries) planned[entry.category] = static_cast<std::int64_t>(entry.bytes);
  const std::int64_t total = static_cast<std::int64_t>(total_bytes(entries));
  std::mutex mutex;
  std::int64_t most_moments = 0;
  dist::run_simulated(kRanks, [&](dist::ProcessGroup& world) {
    const Counted counted = updates(model, pack, load, GetParam().compute, world);
    const std::lock_guard lock(mutex);
    for (const char* kept : {"weights", "gradients", "offloaded"})
      EXPECT_EQ(counted.peak.at(kept), planned.at(kept)) << kept;
    // Buffers are planned for the evaluations of a run too, which hold the head and the final norm together.
    const std::int64_t spare = load.last_layer < 0 ? 0 : planned.at("gathered") - counted.peak.at("gathered");
    EXPECT_EQ(counted.peak.at("gathered") + spare, planned.at("gathered"));
    // A rank whose part of a segment is padding alone has no moments of it.
    EXPECT_LE(counted.peak.at("moments"), planned.at("moments"));
    most_moments = std::max(most_moments, counted.peak.at("moments"));
    EXPECT_NEAR(static_cast<double>(counted.at_once) / static_cast<double>(total - spare), 1, 0.02)
        << counted.at_once << " counted, " << total - spare << " planned; activations and head "
        << counted.peak.at("activations") << " counted, " << planned["activations"] << " + "
        << planned["head"] << " planned";
  });
  EXPECT_EQ(most_moments, planned.at("moments"));
}

using walk::Recompute;
INSTANTIATE_TEST_SUITE_P(
    Settings, CountedBytes,
    ::testing::Values(
        Setting{"float32", at::kFloat, false}, Setting{"prefetch", at::kFloat, true},
        Setting{"selective", at::kFloat, true, Recompute::selective},
        Setting{"recompute", at::kFloat, true, Recompute::full},
        Setting{"recompute_offloaded", at::kFloat, true, Recompute::full, true},
        Setting{"hidden_tokens", at::kFloat, false, Recompute::none, false, false, -1, true},
        Setting{"hidden_tokens_bf16", at::kBFloat16, true, Recompute::full, false, false, -1, true},
        Setting{"tap", at::kFloat, false, Recompute::none, false, false, 1},
        Setting{"tap_recompute", at::kFloat, true, Recompute::full, false, false, 2},
        Setting{"tap_bf16", at::kBFloat16, true, Recompute::selective, false, false, 2},
        Setting{"bf16", at::kBFloat16, true},
        Setting{"bf16_selective", at::kBFloat16, true, Recompute::selective},
        Setting{"bf16_recompute", at::kBFloat16, true, Recompute::full},
        Setting{"smollm2_short", at::kFloat, true, Recompute::none, false, true},
        Setting{"smollm2_short_recompute", at::kFloat, true, Recompute::full, false, true},
        Setting{"smollm2_short_bf16", at::kBFloat16, true, Recompute::none, false, true},
        Setting{"smollm2_short_bf16_recompute", at::kBFloat16, true, Recompute::full, false, true}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lethe::planning
