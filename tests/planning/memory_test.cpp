// The memory table against numbers worked out by hand, and against what the stores count on virtual ranks.
#include "framework/planning/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "framework/base/error.h"
#include "framework/dist/simulated_group.h"
#include "framework/planning/remedies.h"
#include "framework/planning/stage.h"
#include "framework/walk/block_walk.h"
#include "tests/planning/small_model.h"
#include "tests/support/tiny_model.h"

namespace lethe::planning {
namespace {

using ::testing::HasSubstr;
using Bytes = std::map<std::string, std::uint64_t>;

// Parts of small_model() are multiples of 64: on one rank 128 + 512 + 512 + 64 = 1216, of four ranks
// 64 + 128 + 128 + 64 = 384 each.
Bytes by_category(const Workload& load) {
  Bytes bytes;
  for (const MemoryEntry& entry : predict_memory(small_model(), load)) bytes[entry.category] = entry.bytes;
  return bytes;
}

TEST(Memory, OfOneRankIsWhatItsTensorsTake) {
  const Bytes bytes = by_category({.pack_tokens = 5, .scored_tokens = 3, .reference_tokens = 7});
  // A token's graph of a layer: (6 * 8 + 5 * 8 + 4 * 12) * 4 and (4 heads + 2 norms) * 4, 568 bytes; its
  // rope, 8. The backward's fullest moment is at the gate: output and gradient, two more of the MLP's width,
  // one matrix. The head needs less than that: 9 * 10 logits, 4 * 3 * 8 + 3 * 8 of rows, 48 bytes of numbers,
  // its input.
  const Bytes expected = {{"weights", 1216 * 4},
                          {"moments", 2 * 1216 * 4},
                          {"gradients", 1216 * 4},
                          {"gathered", 0},
                          {"activations", 5 * (2 * 568 + 8) + 5 * 2 * 8 * 4 + 5 * 2 * 12 * 4 + 96 * 4},
                          {"head", 0},
                          {"offloaded", 0},
                          {"cache", 7 * 8},
                          {"frozen", 0}};
  EXPECT_EQ(bytes, expected);
}

// Of a scoring through noise on one rank: a copy of the largest block, which has 512 elements, and one of the
// final norm, which has 8. Sharded, beside two gathered blocks; where bf16 travels, in them.
TEST(Memory, OfNoiseIsInBuffersBesideTheMasters) {
  const auto gathered = [](const Workload& load) {
    for (const MemoryEntry& entry : predict_memory(small_model(), load))
      if (entry.category == "gathered") return entry;
    return MemoryEntry{};
  };
  const MemoryEntry
      none = gathered({.trains = false}),
      noisy = gathered({.trains = false, .measures = {.perturbs = true}}),
      rounded = gathered({.trains = false, .measures = {.perturbs = true}, .compute_bytes = 2}),
      sharded = gathered({.trains = false, .measures = {.perturbs = true}, .zero = 3, .shard_size = 2}),
      travelling = gathered(
          {.trains = false, .measures = {.perturbs = true}, .zero = 3, .shard_size = 2, .compute_bytes = 2});
  EXPECT_EQ(none.what, "none: blocks read the master weights");
  EXPECT_EQ(none.bytes, 0u);
  EXPECT_EQ(noisy.what, "a block with noise");
  EXPECT_EQ(noisy.bytes, (512u + 8) * 4);
  EXPECT_EQ(rounded.what, "all weights in the compute dtype, a block with noise");
  EXPECT_EQ(rounded.bytes, (1216u + 512 + 8) * 2);
  EXPECT_EQ(sharded.what, "2 buffers of the largest block, a block with noise");
  EXPECT_EQ(sharded.bytes, (3u * 512 + 8) * 4);
  EXPECT_EQ(travelling.what, "2 buffers of the largest block");
  EXPECT_EQ(travelling.bytes, 2u * 512 * 2);
}

TEST(Memory, OfZeroThreeInBf16HoldsThreeBuffersOfTheLargestBlock) {
  const Bytes bytes = by_category({.zero = 3,
                                   .shard_size = 4,
                                   .compute_bytes = 2,
                                   .prefetch = true,
                                   .recompute = walk::Recompute::full,
                                   .pack_tokens = 5,
                                   .scored_tokens = 3,
                                   .frozen_shard_size = 4});
  const Bytes expected = {
      {"weights", 384 * 4},
      {"moments", 2 * 384 * 4},
      {"gradients", (384 + 2 * 512 + 128) * 4},
      {"gathered", 3 * 512 * 2},
      // Inputs of two layers and rope; of one layer run again all but its input: 5 * 8 * 2 of
      // norms and 2 * 8 * 4 of their wide copies, 88 * 2, 6 * 4; and the gate's moment.
      {"activations",
       5 * (2 * 16 + 4) + 5 * (80 + 64 + 176 + 24 - 16) + 5 * 2 * 8 * 2 + 5 * 2 * 12 * 2 + 96 * 2},
      {"head", 0},
      {"offloaded", 0},
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

TEST(Memory, OfFrozenSegmentsHasNoMomentsGradientsAndNothingKeptBelow) {
  Workload load{.pack_tokens = 5};
  const Bytes all = by_category(load);
  load.trained_segments = {false, false, true, false};  // embedding, two layers, final norm: the upper layer
  const Bytes upper = by_category(load);
  EXPECT_EQ(upper.at("weights"), all.at("weights"));
  EXPECT_EQ(upper.at("moments"), 2u * 512 * 4);
  EXPECT_EQ(upper.at("gradients"), 512u * 4);
  EXPECT_EQ(all.at("activations") - upper.at("activations"), 5u * 568) << "the graph of one layer";
  load.zero = 1, load.shard_size = 4;
  EXPECT_EQ(by_category(load).at("gradients"), (128u + 512 + 128) * 4) << "part, whole sums, what arrives";
}

TEST(Memory, OfPassesThatEndAtALayerHasNoHeadAndNothingKeptAbove) {
  Workload load{.pack_tokens = 5, .scored_tokens = 3};
  const Bytes all = by_category(load);
  load.last_layer = 0;
  const Bytes lower = by_category(load);
  EXPECT_EQ(lower.at("head"), 0u);
  // The graph of one layer less; of three rows what is read, its gradient and the row's number.
  EXPECT_EQ(all.at("activations") - lower.at("activations"), 5u * 568 - 3 * (2 * 8 * 4 + 8));
  load.trained_segments = {false, false, true, false};
  EXPECT_LT(by_category(load).at("activations"), lower.at("activations")) << "nothing is kept at all";
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
  Workload load{.pack_tokens = 100, .scored_tokens = 100, .head = {.chunk_tokens = 10}};
  const std::uint64_t kept = by_category(load).at("head");
  load.head.keep_bytes = 100;
  EXPECT_EQ(kept - by_category(load).at("head"), (100u - 10) * 10 * 4);
  EXPECT_GT(by_category(load).at("head"), 0u);
}

TEST(Memory, OfInputsOnTheHostIsTheDevicesNoMore) {
  Workload load{.recompute = walk::Recompute::full, .pack_tokens = 100};
  const std::uint64_t here = total_bytes(predict_memory(small_model(), load));
  load.offload_inputs = true;
  EXPECT_EQ(by_category(load).at("offloaded"), 2u * 100 * 8 * 4);
  load.device = true;
  EXPECT_EQ(by_category(load).at("offloaded"), 0u);
  EXPECT_LT(total_bytes(predict_memory(small_model(), load)), here);
}

TEST(Memory, OfTheHostIsWhatADeviceCopiesTo) {
  Workload load{.zero = 3,
                .shard_size = 4,
                .moment_bytes = 2,
                .recompute = walk::Recompute::full,
                .offload_inputs = true,
                .pack_tokens = 100};
  EXPECT_TRUE(predict_host_memory(small_model(), load).empty());
  load.device = true;
  Bytes bytes;
  for (const MemoryEntry& entry : predict_host_memory(small_model(), load))
    bytes[entry.category] = entry.bytes;
  EXPECT_EQ(bytes, (Bytes{{"offloaded", 2 * 100 * 8 * 4}, {"checkpoint", 384 * (4 + 2 * 2)}}));
}

TEST(Memory, FallsFromNoneOverSelectiveToFull) {
  std::vector<std::uint64_t> activations;
  for (const auto recompute : {walk::Recompute::none, walk::Recompute::selective, walk::Recompute::full})
    activations.push_back(by_category({.recompute = recompute, .pack_tokens = 50}).at("activations"));
  EXPECT_GT(activations[0], activations[1]);
  EXPECT_GT(activations[1], activations[2]);
}

// Eight leaves of one rank: in one wave, whose fullest block holds three sums while it is open, and in a wave
// each, between which three sums of all blocks are kept (six leaves, folded, and a seventh), and a tied
// embedding's of both its uses.
TEST(Memory, OfElasticSumsIsWhatTreesHold) {
  constexpr std::uint64_t kWhole = 1216, kEmbedding = 128, kLargest = 512;
  const LeavesByWave together = {{0, 1, 2, 3, 4, 5, 6, 7}}, alone = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}};
  const auto gradients = [](Workload load) { return by_category(load).at("gradients"); };
  EXPECT_EQ(gradients({.leaves = together}), (kWhole + kWhole + 2 * kLargest) * 4);
  EXPECT_EQ(gradients({.leaves = alone}), (kWhole + 3 * (kWhole + kEmbedding)) * 4);
  // Of four ranks, whose part of the embedding is 64: in one wave the sums of the parts, the open block's and
  // what arrives; in four of a leaf each rank brings two sums that wait for others.
  Workload sharded{.zero = 3, .shard_size = 4, .leaves = {{0, 1}}};
  EXPECT_EQ(gradients(sharded), (384u + 384 + 64 + 2 * kLargest) * 4);
  sharded.leaves = {{0}, {1}, {2}, {3}};
  EXPECT_EQ(gradients(sharded), (384u + 4 * 2 * (384 + 64) + 2 * kLargest) * 4);
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

std::uint64_t total_with(const Workload& load) { return total_bytes(predict_memory(small_model(), load)); }

Workload on_four_ranks(int zero) {
  return {.zero = zero,
          .shard_size = zero == 0 ? 1 : 4,
          .replicas = zero == 0 ? 4 : 1,
          .pack_tokens = 200,
          .scored_tokens = 3};
}

TEST(LeastRemedy, IsTheOneThatCostsLeastAmongThoseThatFit) {
  Workload load = on_four_ranks(0);
  load.smaller_packs = {{.micro_batch = 2, .tokens = 100, .scored = 2}, {.micro_batch = 1, .tokens = 50}};
  const auto setting = [&](std::uint64_t available) {
    const auto remedy = least_remedy(small_model(), load, 4, available);
    return remedy ? remedy->setting : "none";
  };
  const std::uint64_t zero3 = total_with(on_four_ranks(3));
  EXPECT_EQ(setting(zero3), "parallel.zero: 3");
  Workload selective = load, full = load;
  selective.recompute = walk::Recompute::selective, full.recompute = walk::Recompute::full;
  EXPECT_EQ(setting(total_with(selective)), "parallel.recompute: selective");
  EXPECT_EQ(setting(total_with(selective) - 1), "parallel.recompute: full");
  Workload both = full;
  both.zero = 3, both.shard_size = 4;
  EXPECT_THAT(setting(total_with(both)), HasSubstr("train.micro_batch: ")) << "one change is less than two";
  EXPECT_EQ(setting(100), "none");
}

TEST(LeastRemedy, PilesUpSettingsWhereOneIsNotEnough) {
  const Workload load = on_four_ranks(0);
  Workload both = on_four_ranks(3);
  both.recompute = walk::Recompute::full;
  const auto remedy = least_remedy(small_model(), load, 4, total_with(both));
  ASSERT_TRUE(remedy.has_value());
  EXPECT_EQ(remedy->setting, "parallel.zero: 3 and parallel.recompute: full");
  EXPECT_EQ(remedy->saved, total_with(load) - total_with(both));
}

TEST(LeastRemedy, NamesOffloadingOnADeviceOnly) {
  Workload load{.recompute = walk::Recompute::full, .device = true, .pack_tokens = 1000};
  Workload offloaded = load;
  offloaded.offload_inputs = true;
  const std::uint64_t available = total_with(offloaded);
  EXPECT_EQ(least_remedy(small_model(), load, 1, available)->setting, "parallel.offload_inputs: true");
  load.device = false;
  const auto elsewhere = least_remedy(small_model(), load, 1, available);
  EXPECT_TRUE(!elsewhere || elsewhere->setting.find("offload") == std::string::npos);
}

TEST(SmallestStage, IsTheFirstThatFitsWithRoomForTheProcess) {
  for (int zero = 0; zero <= 3; ++zero) {
    const std::uint64_t needs = total_with(on_four_ranks(zero));
    const auto room = static_cast<std::uint64_t>(kResidentOverTensors * static_cast<double>(needs)) + 1;
    const Stage stage = smallest_stage(small_model(), on_four_ranks(0), 4, room);
    EXPECT_TRUE(stage.fits);
    EXPECT_EQ(stage.needs, total_with(stage.load));
    EXPECT_LE(stage.load.zero, zero);
    if (stage.load.zero < zero) {
      EXPECT_LE(stage.needs, needs);
    }
  }
  const Stage none = smallest_stage(small_model(), on_four_ranks(0), 4, 100);
  EXPECT_FALSE(none.fits);
  EXPECT_EQ(none.load.zero, 3);
  EXPECT_EQ(smallest_stage(small_model(), on_four_ranks(0), 1, 100).load.zero, 0)
      << "one rank shards nothing";
}

TEST(RequireMemory, SaysWhatIsNeededAndWhatWouldHelp) {
  const Workload load = on_four_ranks(0);
  EXPECT_NO_THROW(require_memory(small_model(), load, 4, total_with(load)));
  try {
    require_memory(small_model(), load, 4, total_with(on_four_ranks(3)));
    FAIL() << "nothing was refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "oom.predicted");
    EXPECT_EQ(e.exit_code(), 79);
    EXPECT_THAT(e.message(),
                ::testing::MatchesRegex("needs .* KiB on rank 0, .* KiB free: .* KiB activations \\+ "
                                        ".* moments \\+ .* \\+ …; try parallel.zero: 3 \\(−.*\\)"));
  }
}

}  // namespace
}  // namespace lethe::planning
