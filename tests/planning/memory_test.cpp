// The memory table against numbers worked out by hand, and against what the stores count on virtual ranks.
#include "framework/planning/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "framework/base/error.h"
#include "framework/dist/simulated_group.h"
#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::planning {
namespace {

using ::testing::HasSubstr;
using Bytes = std::map<std::string, std::uint64_t>;

// Embedding 80 elements; a layer 64 + 32 + 32 + 64 + 3 * 96 + 16 = 496; final norm 8. Parts are multiples of
// 64: on one rank 128 + 512 + 512 + 64 = 1216, of four ranks 64 + 128 + 128 + 64 = 384 each.
models::DecoderModel small_model() {
  return models::make_decoder_model({.vocab_size = 10,
                                     .hidden_size = 8,
                                     .intermediate_size = 12,
                                     .num_layers = 2,
                                     .num_heads = 4,
                                     .num_kv_heads = 2,
                                     .head_dim = 2,
                                     .tie_word_embeddings = true});
}

Bytes by_category(const Workload& load) {
  Bytes bytes;
  for (const MemoryEntry& entry : predict_memory(small_model(), load)) bytes[entry.category] = entry.bytes;
  return bytes;
}

TEST(Memory, OfOneRankIsWhatItsTensorsTake) {
  const Bytes bytes = by_category({.pack_tokens = 5, .scored_tokens = 3, .reference_tokens = 7});
  // Activations of a token and layer: (6 * 8 + 5 * 8 + 4 * 12) * 4 + 4 heads * 4 = 560.
  const Bytes expected = {{"weights", 1216 * 4},
                          {"moments", 2 * 1216 * 4},
                          {"gradients", 1216 * 4},
                          {"gathered", 0},
                          {"activations", 2 * 5 * 560 + 496 * 4},
                          {"head", (30 + 30) * 4 + 2 * 3 * 8 * 4},
                          {"cache", 7 * 8},
                          {"frozen", 0}};
  EXPECT_EQ(bytes, expected);
}

TEST(Memory, OfZeroThreeInBf16HoldsThreeBuffersOfTheLargestBlock) {
  const Bytes bytes = by_category({.zero = 3,
                                   .shard_size = 4,
                                   .compute_bytes = 2,
                                   .prefetch = true,
                                   .recompute = true,
                                   .pack_tokens = 5,
                                   .scored_tokens = 3,
                                   .frozen_shard_size = 4});
  const Bytes expected = {{"weights", 384 * 4},
                          {"moments", 2 * 384 * 4},
                          {"gradients", (384 + 2 * 512 + 128) * 4},
                          {"gathered", 3 * 512 * 2},
                          // Inputs of two layers, and all of one: (136 * 2 + 2 * 8 * 4 + 16) bytes a token.
                          {"activations", 5 * (2 * 8 * 2 + 352) + 496 * 2},
                          {"head", (30 + 30 + 80) * 4 + 2 * 3 * 8 * 2},
                          {"cache", 0},
                          {"frozen", 384 * 4 + 2 * 512 * 2}};
  EXPECT_EQ(bytes, expected);
}

TEST(Memory, OfZeroOneKeepsWholeGradientsAndWeights) {
  const Bytes bytes = by_category({.zero = 1, .shard_size = 4, .compute_bytes = 4});
  EXPECT_EQ(bytes.at("gradients"), (384u + 1536 + 128) * 4);
  EXPECT_EQ(bytes.at("gathered"), 1536u * 4);
  EXPECT_EQ(bytes.at("activations"), 0u);
}

TEST(Memory, OfFloat64RunsIsTwiceThatOfFloat32) {
  EXPECT_EQ(by_category({.compute_bytes = 8}).at("moments"), 2u * 1216 * 8);
}

TEST(Memory, OfNarrowerMomentsAndOfWhatTravels) {
  const Workload plain{.zero = 3, .shard_size = 4};
  Workload moments = plain, wire = plain, reduction = plain, replicas{.replicas = 4, .reduction_bytes = 2};
  moments.moment_bytes = wire.wire_bytes = reduction.reduction_bytes = 2;
  EXPECT_EQ(by_category(moments).at("moments"), 2u * 384 * 2);
  EXPECT_EQ(by_category(wire).at("gathered"), by_category(plain).at("gathered") + 512 * 2);
  // One part arrives in two bytes, and a whole segment is sent in two.
  EXPECT_EQ(by_category(reduction).at("gradients"), (384u + 2 * 512) * 4 + (128 + 512) * 2);
  EXPECT_EQ(by_category(replicas).at("gradients"), 1216u * 4 + 512 * 2);
  // Rounded weights lie beside the masters on one rank too.
  EXPECT_EQ(by_category({.wire_bytes = 2}).at("gathered"), 1216u * 4 + 512 * 2);
}

TEST(Memory, BeyondWhatIsKeptTheHeadHoldsOneChunkOfLogits) {
  const Workload load{.pack_tokens = 100, .scored_tokens = 100, .head_chunk = 10, .kept_logit_bytes = 100};
  EXPECT_EQ(by_category(load).at("head"), (10u * 10 + 10 * 10) * 4 + 2 * 100 * 8 * 4);
}

// The store's own count on four virtual ranks, after a forward and a backward.
std::uint64_t counted_gathered_bytes(int zero, bool prefetch, std::optional<at::ScalarType> wire) {
  const models::DecoderModel model = testing::tiny_model();
  std::uint64_t counted = 0;
  dist::run_simulated(4, [&](dist::ProcessGroup& world) {
    testing::TinyEngine engine(model, world, {.zero = zero, .shard_size = 4},
                               {.wire = wire, .prefetch = prefetch});
    walk::BlockWalk walk(model, engine.weights);
    const auto documents = testing::tiny_documents(3, 1, model.config.vocab_size);
    const std::vector<int> which = {0, 1, 2};
    const data::Pack pack = testing::tiny_pack(documents, which);
    auto statistics = walk.forward(pack, {.for_backward = true});
    for (at::Tensor& statistic : statistics) statistic = statistic * 0 + 1;
    engine.gradients.zero();
    walk.backward(statistics, engine.gradients);
    engine.gradients.finish();
    if (world.rank() == 0) counted = engine.weights.peak_gathered_bytes();
  });
  return counted;
}

TEST(Memory, OfGatheredWeightsIsWhatTheStoreCounts) {
  for (const int zero : {2, 3}) {
    for (const bool prefetch : {false, true}) {
      const auto entries =
          predict_memory(testing::tiny_model(), {.zero = zero, .shard_size = 4, .prefetch = prefetch});
      EXPECT_EQ(entries[3].category, "gathered");
      EXPECT_EQ(entries[3].bytes, counted_gathered_bytes(zero, prefetch, {}))
          << "zero " << zero << " prefetch " << prefetch;
      const auto narrow = predict_memory(
          testing::tiny_model(), {.zero = zero, .shard_size = 4, .wire_bytes = 2, .prefetch = prefetch});
      EXPECT_EQ(narrow[3].bytes, counted_gathered_bytes(zero, prefetch, at::kBFloat16))
          << "zero " << zero << " prefetch " << prefetch;
    }
  }
}

TEST(Memory, OfGradientsIsWhatTheStoreCounts) {
  const models::DecoderModel model = testing::tiny_model();
  for (const auto& [zero, shard] : {std::pair(0, 1), std::pair(1, 4), std::pair(3, 4), std::pair(3, 2)}) {
    for (const bool narrow : {false, true}) {
      const auto entries = predict_memory(
          model,
          {.zero = zero, .shard_size = shard, .replicas = 4 / shard, .reduction_bytes = narrow ? 2u : 0u});
      dist::run_simulated(4, [&, zero = zero, shard = shard](dist::ProcessGroup& world) {
        testing::TinyEngine engine(model, world, {.zero = zero, .shard_size = shard}, {},
                                   narrow ? at::kBFloat16 : at::kFloat);
        for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s)
          engine.gradients.open(s), engine.gradients.close();
        engine.gradients.finish();
        EXPECT_EQ(engine.gradients.bytes(), entries[2].bytes) << "zero " << zero << " shard " << shard;
      });
    }
  }
}

TEST(Remedies, NameTheSettingThatSavesMostFirst) {
  const Workload load{.pack_tokens = 5, .scored_tokens = 3};
  const auto found = remedies(small_model(), load, 4);
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(std::ranges::is_sorted(found, std::greater<>(), &Remedy::saved));
  const std::uint64_t now = total_bytes(predict_memory(small_model(), load));
  Workload sharded = load;
  sharded.zero = 3, sharded.shard_size = 4;
  const auto zero = std::ranges::find(found, "parallel.zero: 3", &Remedy::setting);
  ASSERT_NE(zero, found.end());
  EXPECT_EQ(zero->saved, now - total_bytes(predict_memory(small_model(), sharded)));
}

TEST(RequireMemory, SaysWhatIsNeededAndWhatWouldHelp) {
  const std::vector<MemoryEntry> entries = {
      {"weights", 1ull << 30, ""}, {"moments", 2ull << 30, ""}, {"cache", 1ull << 20, ""}};
  EXPECT_NO_THROW(require_memory(entries, {}, 4ull << 30));
  try {
    require_memory(entries, {{"parallel.zero: 3", 1ull << 30}}, 2ull << 30);
    FAIL() << "nothing was refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "oom.predicted");
    EXPECT_EQ(e.exit_code(), 79);
    EXPECT_EQ(e.message(),
              "needs 3.0 GiB on rank 0, 2.0 GiB free: 2.0 GiB moments + 1.0 GiB weights + 1.0 MiB cache + …; "
              "try parallel.zero: 3 (−1.0 GiB)");
  }
}

}  // namespace
}  // namespace lethe::planning
