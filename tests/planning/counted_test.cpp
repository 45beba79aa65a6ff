// The plan against what a rank of ZeRO-3 counts while it makes two updates: what it keeps is predicted to the
// byte, and all of it at its fullest moment within two per cent.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
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
    (void)walk.forward(pack, {.for_backward = true});
    walk.backward({at::ones({pack.num_scored()})}, engine.gradients);
    engine.gradients.finish();
    optimizer.step(engine.gradients, 1e-3, 1);
  }
  Counted counted{.at_once = counters->peak_of_all()};
  for (const Memory category : {Memory::weights, Memory::moments, Memory::gradients, Memory::gathered,
                                Memory::activations, Memory::offloaded})
    counted.peak[std::string(base::name_of(category))] = counters->peak(category);
  return counted;
}

struct Setting {
  const char* name;
  at::ScalarType compute;
  bool prefetch;
  walk::Recompute recompute = walk::Recompute::none;
  bool offload_inputs = false;
  bool wide = false;  // SmolLM2's widths and a short pack: weights' gradients outweigh activations
};
class CountedBytes : public ::testing::TestWithParam<Setting> {};

TEST_P(CountedBytes, AreWhatThePlanSays) {
  sharding::count_allocations();
  const auto model = GetParam().wide ? wide_model() : narrow_model();
  const auto texts = lethe::testing::tiny_documents(GetParam().wide ? 12 : 60, 5, model.config.vocab_size);
  std::vector<data::Document> documents;
  for (const auto& text : texts) documents.push_back({.ids = text, .prompt_tokens = 3});
  const data::Pack pack = data::make_pack(documents);
  const Workload load{.zero = 3,
                      .shard_size = kRanks,
                      .compute_bytes = c10::elementSize(GetParam().compute),
                      .widens_bf16 = !ops::multiplied_natively(at::kBFloat16, at::kCPU),
                      .prefetch = GetParam().prefetch,
                      .recompute = GetParam().recompute,
                      .offload_inputs = GetParam().offload_inputs,
                      .pack_tokens = pack.num_tokens(),
                      .scored_tokens = pack.num_scored()};
  std::map<std::string, std::int64_t> planned;
  const auto entries = predict_memory(model, load);
  for (const MemoryEntry& entry : entries) planned[entry.category] = static_cast<std::int64_t>(entry.bytes);
  const auto total = static_cast<double>(total_bytes(entries));
  std::mutex mutex;
  std::int64_t most_moments = 0;
  dist::run_simulated(kRanks, [&](dist::ProcessGroup& world) {
    const Counted counted = updates(model, pack, load, GetParam().compute, world);
    const std::lock_guard lock(mutex);
    for (const char* kept : {"weights", "gradients", "gathered", "offloaded"})
      EXPECT_EQ(counted.peak.at(kept), planned.at(kept)) << kept;
    // A rank whose part of a segment is padding alone has no moments of it.
    EXPECT_LE(counted.peak.at("moments"), planned.at("moments"));
    most_moments = std::max(most_moments, counted.peak.at("moments"));
    EXPECT_NEAR(static_cast<double>(counted.at_once) / total, 1, 0.02)
        << counted.at_once << " counted, " << total << " planned; activations and head "
        << counted.peak.at("activations") << " counted, " << planned["activations"] << " + "
        << planned["head"] << " planned";
  });
  EXPECT_EQ(most_moments, planned.at("moments"));
}

using walk::Recompute;
INSTANTIATE_TEST_SUITE_P(
    Settings, CountedBytes,
    ::testing::Values(Setting{"float32", at::kFloat, false}, Setting{"prefetch", at::kFloat, true},
                      Setting{"selective", at::kFloat, true, Recompute::selective},
                      Setting{"recompute", at::kFloat, true, Recompute::full},
                      Setting{"recompute_offloaded", at::kFloat, true, Recompute::full, true},
                      Setting{"bf16", at::kBFloat16, true},
                      Setting{"bf16_selective", at::kBFloat16, true, Recompute::selective},
                      Setting{"bf16_recompute", at::kBFloat16, true, Recompute::full},
                      Setting{"smollm2_short", at::kFloat, true, Recompute::none, false, true},
                      Setting{"smollm2_short_recompute", at::kFloat, true, Recompute::full, false, true},
                      Setting{"smollm2_short_bf16", at::kBFloat16, true, Recompute::none, false, true},
                      Setting{"smollm2_short_bf16_recompute", at::kBFloat16, true, Recompute::full, false,
                              true}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lethe::planning
