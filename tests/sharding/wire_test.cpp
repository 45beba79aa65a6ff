// What travels, and in which dtype: gathered weights and gradients in bf16 take half the bytes of float32,
// and blocks see the same weights on every grid, also where nothing travels.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "framework/dist/simulated_group.h"
#include "tests/support/counting_group.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tolerance.h"

namespace lethe::sharding {
namespace {

using lethe::testing::TinyEngine;
using lethe::testing::Traffic;

constexpr std::pair<int, int> kGrids[] = {{1, 0}, {1, 3}, {2, 1}, {2, 3}, {3, 2}, {3, 3}};  // ranks, zero

// The mean of W and 1: a view that rounding shows in.
class Halved final : public WeightSource {
 public:
  void write(const ShardPart&, const at::Tensor& master, at::Tensor& out) const override {
    out.copy_((master + 1) / 2);
  }
};

// Every parameter as a block sees it, in canonical order.
at::Tensor seen_weights(TinyEngine& engine, const WeightSource* source = nullptr) {
  std::vector<at::Tensor> seen;
  const models::ParameterIndex& index = engine.weights.index();
  for (int s = 0; s < static_cast<int>(index.segments().size()); ++s) {
    const auto held = engine.weights.acquire(s, source);
    if (s + 1 < static_cast<int>(index.segments().size())) engine.weights.prefetch(s + 1, source);
    const models::Segment& segment = index.segments()[static_cast<std::size_t>(s)];
    for (int p = segment.first_parameter; p < segment.first_parameter + segment.num_parameters; ++p)
      seen.push_back(engine.weights.slot(p).detach().clone().flatten());
  }
  return at::cat(seen);
}

at::Tensor exact_weights(const models::ParameterIndex& index) {
  at::Tensor exact = at::empty({static_cast<std::int64_t>(index.size())}, at::kFloat);
  lethe::testing::fill_tiny_weights(index, 0, {exact.mutable_data_ptr<float>(), index.size()});
  return exact;
}

TEST(Wire, WeightsAreRoundedAlikeOnEveryGridAndCastOnArrival) {
  const auto model = lethe::testing::tiny_model();
  const at::Tensor exact = exact_weights(model.index), rounded = exact.to(at::kBFloat16).to(at::kFloat),
                   halved = ((exact + 1) / 2).to(at::kBFloat16).to(at::kFloat);
  ASSERT_FALSE(at::equal(rounded, exact));
  for (const auto& [ranks, zero] : kGrids) {
    for (const bool prefetch : {false, true}) {
      dist::run_simulated(ranks, [&, zero = zero](dist::ProcessGroup& world) {
        TinyEngine engine(model, world, grid_shape(zero, 0, world.size()),
                          {.wire = at::kBFloat16, .poison_released = true, .prefetch = prefetch});
        const Halved half;
        EXPECT_TRUE(at::equal(seen_weights(engine), rounded)) << world.size() << " ranks, zero " << zero;
        EXPECT_TRUE(at::equal(seen_weights(engine, &half), halved))
            << world.size() << " ranks, zero " << zero;
        EXPECT_EQ(engine.weights.slot(0).scalar_type(), at::kFloat);
      });
    }
  }
}

// Traffic of rank 0 in one gather of everything and one sum of as many gradients.
struct Bytes {
  std::size_t gathered = 0, reduced = 0;
};
Bytes traffic_of(std::optional<at::ScalarType> wire, std::optional<at::ScalarType> reduction, int zero,
                 int shard) {
  const auto model = lethe::testing::tiny_model();
  Bytes bytes;
  dist::run_simulated(4, [&](dist::ProcessGroup& world) {
    Traffic traffic;
    const auto counted = lethe::testing::count_traffic(world, traffic);
    TinyEngine engine(model, *counted, grid_shape(zero, shard, world.size()), {.wire = wire}, reduction);
    (void)seen_weights(engine);
    engine.gradients.zero();
    for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s)
      engine.gradients.open(s), engine.gradients.close();
    engine.gradients.finish();
    if (world.rank() == 0) bytes = {traffic.gathered, traffic.reduced};
  });
  return bytes;
}

TEST(Wire, Bf16TakesHalfTheBytes) {
  for (const auto& [zero, shard] : {std::pair(1, 0), std::pair(2, 0), std::pair(3, 0), std::pair(3, 2)}) {
    const Bytes wide = traffic_of({}, {}, zero, shard), narrow = traffic_of(at::kBFloat16, {}, zero, shard),
                reduced = traffic_of({}, at::kBFloat16, zero, shard);
    ASSERT_GT(wide.gathered, 0u);
    ASSERT_GT(wide.reduced, 0u);
    EXPECT_EQ(narrow.gathered, wide.gathered / 2);
    EXPECT_EQ(narrow.reduced, wide.reduced);
    EXPECT_EQ(reduced.gathered, wide.gathered);
    EXPECT_EQ(reduced.reduced, wide.reduced / 2);
  }
}

// Each rank's gradient: sines of the canonical index, of a frequency of its own.
at::Tensor rank_gradient(const models::ParameterIndex& index, int rank) {
  return at::arange(static_cast<std::int64_t>(index.size()), at::kFloat).mul_(0.37 + 0.11 * rank).sin_();
}

at::Tensor summed_gradient(const models::DecoderModel& model, dist::ProcessGroup& world, GridShape shape,
                           std::optional<at::ScalarType> reduction) {
  TinyEngine engine(model, world, shape, {}, reduction);
  const at::Tensor mine = rank_gradient(model.index, world.rank());
  engine.gradients.zero();
  for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s) {
    engine.gradients.open(s);
    const models::Segment& segment = model.index.segments()[static_cast<std::size_t>(s)];
    for (int p = segment.first_parameter; p < segment.first_parameter + segment.num_parameters; ++p) {
      const models::Parameter& parameter = model.index.parameters()[static_cast<std::size_t>(p)];
      engine.gradients.view(p).add_(mine.narrow(0, static_cast<std::int64_t>(parameter.first),
                                                static_cast<std::int64_t>(parameter.count))
                                        .view(parameter.shape));
    }
    engine.gradients.close();
  }
  engine.gradients.finish();
  return lethe::testing::whole_gradient(model.index, engine.gradients);
}

TEST(Wire, GradientsInBf16AreRoundedOnTheirWayAndAddedInFloat32) {
  constexpr int kRanks = 4;
  const auto model = lethe::testing::tiny_model();
  at::Tensor exact = at::zeros({static_cast<std::int64_t>(model.index.size())}, at::kDouble);
  for (int rank = 0; rank < kRanks; ++rank) exact += rank_gradient(model.index, rank).to(at::kDouble);
  for (const auto& [zero, shard] :
       {std::pair(0, 0), std::pair(1, 0), std::pair(2, 0), std::pair(3, 0), std::pair(3, 2)}) {
    dist::run_simulated(kRanks, [&, zero = zero, shard = shard](dist::ProcessGroup& world) {
      const GridShape shape = grid_shape(zero, shard, kRanks);
      const auto error = [&](std::optional<at::ScalarType> reduction) {
        return (summed_gradient(model, world, shape, reduction) - exact).abs().max().item<double>();
      };
      EXPECT_LE(error({}), lethe::testing::tolerance(lethe::testing::kEpsFloat, 3, kRanks));
      // One rounding of each rank's gradient and one of the sum; two of each over replicas of shards.
      EXPECT_LE(error(at::kBFloat16), lethe::testing::tolerance(lethe::testing::kEpsBf16, 2, kRanks));
      EXPECT_GE(error(at::kBFloat16), lethe::testing::kEpsBf16 / 4);
    });
  }
}

TEST(Wire, WhatIsHeldForItIsCounted) {
  const auto model = lethe::testing::tiny_model();
  dist::run_simulated(2, [&](dist::ProcessGroup& world) {
    const GridShape shape = grid_shape(3, 0, 2);
    TinyEngine plain(model, world, shape, {}), narrow(model, world, shape, {.wire = at::kBFloat16});
    (void)seen_weights(plain), (void)seen_weights(narrow);
    EXPECT_EQ(narrow.weights.peak_gathered_bytes(),
              plain.weights.peak_gathered_bytes() + 2 * narrow.weights.layout().largest_padded_size());
  });
}

}  // namespace
}  // namespace lethe::sharding
