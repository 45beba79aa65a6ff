// The plan against what a rank counts while it evaluates: statistics, a model to compare with, the gradient
// of an answer, generations with their cache.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "framework/base/memory_counter.h"
#include "framework/dist/simulated_group.h"
#include "framework/inference/generation.h"
#include "framework/ops/product.h"
#include "framework/planning/memory.h"
#include "framework/sharding/counting_allocator.h"
#include "tests/planning/toy_set.h"
#include "tests/support/tiny_model.h"

namespace lethe::planning {
namespace {

using base::Memory;

struct EvaluationSetting {
  const char* name;
  bool compares = false, takes_gradient = false;
  std::int64_t new_tokens = 0;
  int zero = 0, ranks = 1;
  at::ScalarType compute = at::kFloat;
};
class CountedBytesOfEvaluation : public ::testing::TestWithParam<EvaluationSetting> {};

// Of another shape than the one that is evaluated.
models::DecoderModel compared_model() {
  models::HfConfig config = toy_model(900).config;
  config.num_layers = 6;
  return models::make_decoder_model(config);
}

struct EvaluatedToy {
  EvaluatedToy(const models::DecoderModel& toy, sharding::Grid& grid, const EvaluationSetting& setting)
      : model(toy), weights(model.index, grid, {.compute = setting.compute}), walk(model, weights) {
    weights.load([&](std::uint64_t first, std::span<float> out) {
      lethe::testing::fill_tiny_weights(model.index, first, out);
    });
  }
  const models::DecoderModel& model;
  sharding::WeightStore weights;
  walk::BlockWalk walk;
};

// As run/evaluated_engine.cpp does it.
void take_gradient(EvaluatedToy& toy, sharding::GradientStore& gradients, const data::Document& document) {
  const data::Pack pack = data::make_pack(std::span(&document, gradients.grid().shard_rank() == 0 ? 1 : 0));
  gradients.zero();
  const at::Tensor log_probs = toy.walk.forward(pack, {.for_backward = true})[0];
  toy.walk.backward({at::full_like(log_probs, -1.0)}, gradients);
  gradients.finish();
}

std::int64_t most_at_once(const ToySet& set, const EvaluationSetting& setting, dist::ProcessGroup& world) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, Memory::other);
  sharding::Grid grid(world, sharding::grid_shape(setting.zero, 0, setting.ranks));
  const auto model = toy_model(900), other = compared_model();
  EvaluatedToy toy(model, grid, setting);
  const data::Pack pack = data::make_pack(set.documents);
  (void)toy.walk.forward(pack, {});
  std::unique_ptr<EvaluatedToy> compared;
  if (setting.compares) {
    compared = std::make_unique<EvaluatedToy>(other, grid, setting);
    (void)compared->walk.forward(pack, {});
  }
  std::unique_ptr<sharding::GradientStore> gradients;
  if (setting.takes_gradient) {
    gradients = std::make_unique<sharding::GradientStore>(model.index, grid, at::kFloat);
    take_gradient(toy, *gradients, set.longest_document());
  }
  if (setting.new_tokens > 0)
    (void)inference::generate(model, toy.weights, world, set.tokens, {.max_new_tokens = setting.new_tokens});
  return counters->peak_of_all();
}

TEST_P(CountedBytesOfEvaluation, IsWhatThePlanSays) {
  sharding::count_allocations();
  const EvaluationSetting& setting = GetParam();
  const ToySet set;
  const auto sequences = static_cast<std::int64_t>(set.tokens.size());
  Evaluating asked{.pack = set.pack()};
  if (setting.compares) asked.reference = {compared_model()};
  if (setting.takes_gradient)
    asked.gradient_of = {.tokens = set.longest(), .scored = set.longest_document().scored_tokens()};
  if (setting.new_tokens > 0) {
    asked.prompts = {.tokens = set.pack().tokens, .scored = sequences};
    asked.cached_tokens = sequences * (set.longest() + setting.new_tokens);
  }
  const Workload load{.trains = false,
                      .measures = {.evaluation = asked},
                      .zero = setting.zero,
                      .shard_size = setting.zero == 0 ? 1 : setting.ranks,
                      .replicas = setting.zero == 0 ? setting.ranks : 1,
                      .compute_bytes = c10::elementSize(setting.compute),
                      .widens_bf16 = !ops::multiplied_natively(at::kBFloat16, at::kCPU)};
  const auto entries = predict_memory(toy_model(900), load);
  std::mutex mutex;
  std::int64_t most = 0;
  dist::run_simulated(setting.ranks, [&](dist::ProcessGroup& world) {
    const std::int64_t counted = most_at_once(set, setting, world);
    const std::lock_guard lock(mutex);
    most = std::max(most, counted);
  });
  std::string text;
  for (const MemoryEntry& entry : entries) text += fmt::format(" {} {}", entry.bytes, entry.category);
  EXPECT_NEAR(static_cast<double>(most) / static_cast<double>(total_bytes(entries)), 1, 0.05)
      << most << " counted, planned" << text;
}

INSTANTIATE_TEST_SUITE_P(
    Settings, CountedBytesOfEvaluation,
    ::testing::Values(EvaluationSetting{"statistics"}, EvaluationSetting{"comparison", true},
                      EvaluationSetting{"gradient", false, true},
                      EvaluationSetting{"generations", false, false, 30},
                      EvaluationSetting{"all", true, true, 30},
                      EvaluationSetting{"all_sharded", true, true, 30, 3, 2},
                      EvaluationSetting{"all_bf16", true, true, 30, 0, 1, at::kBFloat16}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lethe::planning
