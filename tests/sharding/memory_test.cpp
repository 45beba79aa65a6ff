// What a rank of ZeRO-3 holds, read from the counters.
#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/alignment.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "framework/base/memory_counter.h"
#include "framework/dist/simulated_group.h"
#include "framework/optim/adamw.h"
#include "framework/sharding/counting_allocator.h"
#include "tests/support/tiny_model.h"

namespace lethe::sharding {
namespace {

using base::Memory;

TEST(Memory, AZero3RankOwnsItsShareAndGathersTwoOrThreeBuffers) {
  constexpr int kRanks = 4;
  count_allocations();
  const auto model = lethe::testing::tiny_model({.layers = 6});
  dist::run_simulated(kRanks, [&](dist::ProcessGroup& world) {
    const auto counters = std::make_shared<base::MemoryCounters>();
    const base::MemoryScope memory(counters, Memory::other);
    lethe::testing::TinyEngine engine(model, world, grid_shape(3, 0, kRanks), {.prefetch = true});
    optim::AdamW optimizer({}, engine.weights);
    for (int round = 0; round < 2; ++round) {
      for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s) {
        const auto held = engine.weights.acquire(s);
        if (s + 1 < static_cast<int>(model.index.segments().size())) engine.weights.prefetch(s + 1);
      }
    }
    const std::size_t padding = model.index.segments().size() * 64 * sizeof(float);
    const auto share = static_cast<std::int64_t>(model.index.size() * sizeof(float) / kRanks + padding);
    EXPECT_LE(counters->now(Memory::weights), share);
    EXPECT_LE(counters->now(Memory::moments), 2 * share);
    EXPECT_LE(counters->now(Memory::gradients), share);
    EXPECT_GE(counters->now(Memory::weights) + counters->now(Memory::moments),
              3 * (share - static_cast<std::int64_t>(padding)));
    const auto buffer =
        static_cast<std::int64_t>(engine.weights.layout().largest_padded_size() * sizeof(float));
    EXPECT_LE(counters->peak(Memory::gathered), 3 * buffer);
    EXPECT_GE(counters->peak(Memory::gathered), buffer);
  });
}

// LibTorch's products in bf16 take raw memory on processors that have instructions for them.
TEST(Memory, RawMemoryAndProductsInBf16AreCountedAndGivenBack) {
  count_allocations();
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, Memory::other);
  c10::Allocator& allocator = *c10::GetCPUAllocator();
  void* const raw = allocator.raw_allocate(1000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(raw) % c10::gAlignment, 0u);
  EXPECT_EQ(counters->now(Memory::other), 1000);
  allocator.raw_deallocate(raw);
  allocator.raw_deallocate(nullptr);
  EXPECT_EQ(counters->now(Memory::other), 0);
  for (const std::int64_t size : {1, 40, 300}) {
    const at::Tensor a = at::ones({size, size}, at::kBFloat16);
    EXPECT_EQ(at::mm(a, a).to(at::kDouble).sum().item<double>(), static_cast<double>(size * size * size));
  }
  EXPECT_EQ(counters->now(Memory::other), 0);
  EXPECT_GE(counters->peak(Memory::other), 2 * 2 * 300 * 300);
}

// LibTorch's own sum would hold all of it in float32.
TEST(Memory, GradientsInBf16AreAddedABlockAtATime) {
  count_allocations();
  const auto model = models::make_decoder_model({.vocab_size = 50000,
                                                 .hidden_size = 32,
                                                 .intermediate_size = 32,
                                                 .num_layers = 1,
                                                 .num_heads = 2,
                                                 .num_kv_heads = 2,
                                                 .head_dim = 16,
                                                 .tie_word_embeddings = true});
  const auto world = dist::make_single_group();
  const auto counters = std::make_shared<base::MemoryCounters>();
  const base::MemoryScope memory(counters, Memory::other);
  Grid grid(*world, {});
  GradientStore gradients(model.index, grid, at::kFloat);
  const models::Parameter& p = model.index.parameters()[model.embedding];
  const at::Tensor gradient = at::ones(p.shape, at::kBFloat16);
  const std::int64_t before = counters->peak_of_all();
  gradients.open(p.segment);
  gradients.add(model.embedding, gradient);
  gradients.close();
  ASSERT_GT(gradient.numel() * 4, 4 << 20);
  EXPECT_LE(counters->peak_of_all() - before, 3 << 19);
  EXPECT_TRUE(
      at::equal(gradients.part(p.segment).narrow(0, 0, gradient.numel()), gradient.to(at::kFloat).flatten()));
}

TEST(Memory, MomentsInBf16TakeHalf) {
  count_allocations();
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  std::map<std::string, std::int64_t> counted;
  for (const std::string moments : {"float32", "bfloat16"}) {
    const auto counters = std::make_shared<base::MemoryCounters>();
    const base::MemoryScope memory(counters, Memory::other);
    lethe::testing::TinyEngine engine(model, *world, {}, {});
    const optim::AdamW optimizer({.moments = moments}, engine.weights);
    counted[moments] = counters->now(Memory::moments);
    EXPECT_EQ(counted[moments], static_cast<std::int64_t>(optimizer.bytes()));
  }
  EXPECT_GT(counted["bfloat16"], 0);
  EXPECT_EQ(counted["float32"], 2 * counted["bfloat16"]);
}

TEST(Memory, WhatIsFreedElsewhereIsGivenBackToItsCategory) {
  count_allocations();
  const auto counters = std::make_shared<base::MemoryCounters>();
  at::Tensor kept;
  {
    const base::MemoryScope memory(counters, Memory::activations);
    kept = at::empty({1000}, at::kFloat);
    EXPECT_EQ(counters->now(Memory::activations), 4000);
  }
  std::jthread([tensor = std::move(kept)] {});
  EXPECT_EQ(counters->now(Memory::activations), 0);
  EXPECT_EQ(counters->peak(Memory::activations), 4000);
}

}  // namespace
}  // namespace lethe::sharding
