// What token statistics say that they hold of a chunk of logits, against the allocator's count: by
// themselves, and in the plan of a pass whose logits outweigh all else.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "framework/base/memory_counter.h"
#include "framework/dist/simulated_group.h"
#include "framework/ops/product.h"
#include "framework/ops/token_statistic.h"
#include "framework/planning/activations.h"
#include "framework/planning/memory.h"
#include "framework/sharding/counting_allocator.h"
#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::planning {
namespace {

using base::Memory;

std::vector<std::string> statistic_names() {
  std::vector<std::string> names;
  for (const ops::Entry& entry : ops::registry()) names.emplace_back(entry.name);
  return names;
}

class CountedTensorsOf : public ::testing::TestWithParam<std::string> {};

// Most tensors [chunk, vocab] at a time while `call` runs; what is smaller makes up no half of one.
template <class Call>
int tensors_held(const at::Tensor& logits, const Call& call) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, Memory::activations);
  call();
  const double size = static_cast<double>(logits.nbytes());
  return static_cast<int>(static_cast<double>(counters->peak(Memory::activations)) / size + 0.5);
}

TEST_P(CountedTensorsOf, AStatisticAreWhatItSays) {
  sharding::count_allocations();
  const auto statistic = ops::make_token_statistic(GetParam());
  const ops::LogitChunk chunk{
      .logits = at::randn({16, 4000}),
      .targets = at::randint(4000, {16}, at::kLong),
      .reference_logits = statistic->needs_reference_logits() ? at::randn({16, 4000}) : at::Tensor()};
  const ops::ChunkTensors says = statistic->holds();
  EXPECT_EQ(tensors_held(chunk.logits, [&] { (void)statistic->forward(chunk); }), says.forward);
  at::Tensor gradient = at::zeros_like(chunk.logits);
  const at::Tensor upstream = at::ones({16});
  EXPECT_EQ(tensors_held(chunk.logits, [&] { statistic->add_backward(chunk, upstream, gradient); }),
            says.backward);
}

INSTANTIATE_TEST_SUITE_P(Registry, CountedTensorsOf, ::testing::ValuesIn(statistic_names()),
                         [](const auto& info) { return info.param; });

struct HeadSetting {
  const char* name;
  std::vector<std::string> statistics;
  at::ScalarType compute = at::kFloat;
  bool trains = true;
};
class CountedBytesOfHeads : public ::testing::TestWithParam<HeadSetting> {};

// Many words and little else.
models::DecoderModel wordy_model() {
  return models::make_decoder_model({.vocab_size = 20000,
                                     .hidden_size = 48,
                                     .intermediate_size = 96,
                                     .num_layers = 1,
                                     .num_heads = 2,
                                     .num_kv_heads = 2,
                                     .head_dim = 24,
                                     .tie_word_embeddings = true});
}

// A pass and its way back, beside a frozen model where a statistic asks for one.
void walk_there_and_back(const HeadSetting& setting, const data::Pack& pack,
                         lethe::testing::TinyEngine& engine, walk::BlockWalk& walk, walk::BlockWalk& frozen,
                         const models::DecoderModel& model) {
  std::vector<walk::PackReads> reads(1);
  walk::ReferenceRows rows;
  if (ops::held_by(setting.statistics).reference) {
    (void)frozen.forward(pack, {.statistics = {}, .normed = true});
    const auto held = engine.weights.acquire(model.segment_of(model.head));
    rows = {.normed = frozen.normed(0), .weight = engine.weights.slot(model.head)};
    reads[0].reference = &rows;
  }
  const walk::PassRequest request{
      .statistics = setting.statistics, .for_backward = setting.trains, .reads = reads};
  const walk::Statistics values = walk.forward(pack, request);
  if (!setting.trains) return;
  std::vector<at::Tensor> upstream;
  for (const at::Tensor& value : values) upstream.push_back(at::ones_like(value));
  walk.backward(upstream, engine.gradients);
  engine.gradients.finish();
}

TEST_P(CountedBytesOfHeads, AreWhatThePlanSays) {
  sharding::count_allocations();
  const HeadSetting& setting = GetParam();
  const auto model = wordy_model();
  const auto texts = lethe::testing::tiny_documents(60, 5, model.config.vocab_size);
  std::vector<data::Document> documents;
  for (const auto& text : texts) documents.push_back({.ids = text, .prompt_tokens = 3});
  const data::Pack pack = data::make_pack(documents);
  const ops::ChunkTensors held = ops::held_by(setting.statistics);
  Workload load{.trains = setting.trains,
                .compute_bytes = c10::elementSize(setting.compute),
                .widens_bf16 = !ops::multiplied_natively(at::kBFloat16, at::kCPU),
                .pack_tokens = pack.num_tokens(),
                .scored_tokens = pack.num_scored(),
                .head = {.keep_bytes = 0},
                .statistics = held};
  const PassBytes planned = pass_bytes(model.config, /*largest_layer=*/0, 1, load);
  dist::run_simulated(1, [&](dist::ProcessGroup& world) {
    const auto counters = std::make_shared<base::MemoryCounters>();
    const base::MemoryScope memory(counters, Memory::other);
    lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(0, 0, 1),
                                      {.compute = setting.compute});
    walk::BlockWalk walk(model, engine.weights, {.head = load.head}), frozen(model, engine.weights);
    walk_there_and_back(setting, pack, engine, walk, frozen, model);
    const double counted = static_cast<double>(counters->peak(Memory::activations));
    EXPECT_NEAR(counted / static_cast<double>(planned.activations + planned.head), 1, 0.02)
        << counted << " counted, " << planned.activations << " + " << planned.head << " planned";
  });
}

INSTANTIATE_TEST_SUITE_P(
    Settings, CountedBytesOfHeads,
    ::testing::Values(
        HeadSetting{"log_prob", {"log_prob"}}, HeadSetting{"entropy", {"log_prob", "entropy"}},
        HeadSetting{"undial", {"log_prob", "reference_log_prob", "reference_others_cross_entropy"}},
        HeadSetting{"kl", {"reference_kl"}}, HeadSetting{"kl_bf16", {"reference_kl"}, at::kBFloat16},
        HeadSetting{"evaluated", {"log_prob", "mean_log_prob", "mean_squared_log_prob"}, at::kFloat, false},
        HeadSetting{"evaluated_bf16", {"log_prob", "greedy"}, at::kBFloat16, false}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lethe::planning
