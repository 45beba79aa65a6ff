// What objectives may read beside log-probabilities: hidden states behind a layer, statistics of some rows
// only, and a frozen model's distributions beside the model's own.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/ops/rms_norm.h"
#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::walk {
namespace {

class Tap : public ::testing::Test {
 protected:
  Tap()
      : group_(dist::make_single_group()),
        engine_(model_, *group_, sharding::grid_shape(0, 0, 1), {.compute = at::kDouble}),
        walk_(model_, engine_.weights) {}

  // Weights moved by `step` along a fixed direction.
  void move_weights(double step) {
    engine_.weights.load([&](std::uint64_t first, std::span<float> out) {
      lethe::testing::fill_tiny_weights(model_.index, first, out);
    });
    for (int s = 0; s < static_cast<int>(model_.index.segments().size()); ++s) {
      at::Tensor& master = engine_.weights.master(s);
      master.add_(at::sin(0.7 * at::arange(master.numel(), at::kDouble)), step);
    }
    engine_.weights.weights_changed();
  }

  void tap_backward(const Statistics& upstream, const at::Tensor& tap) {
    const int leaf = 0;
    walk_.backward(std::span(&upstream, 1), std::span(&leaf, 1), engine_.gradients, std::span(&tap, 1));
  }

  models::DecoderModel model_ = lethe::testing::tiny_model();
  std::vector<std::vector<std::int32_t>> documents_ =
      lethe::testing::tiny_documents(4, 6, model_.config.vocab_size);
  data::Pack pack_ = lethe::testing::tiny_pack(documents_, std::array{0, 1, 2, 3});
  std::unique_ptr<dist::ProcessGroup> group_;
  lethe::testing::TinyEngine engine_;
  BlockWalk walk_;
};

TEST_F(Tap, OfTheLastLayerIsWhatTheHeadNorms) {
  (void)walk_.forward(pack_, {.statistics = {}, .tap_layer = 2, .normed = true});
  const auto held = engine_.weights.acquire(model_.segment_of(model_.final_norm));
  const at::Tensor expected =
      ops::rms_norm(walk_.tap(), engine_.weights.slot(model_.final_norm), model_.shape.rms_norm_eps);
  EXPECT_TRUE(at::equal(walk_.normed(), expected));
}

TEST_F(Tap, ItsGradientIsThatOfFiniteDifferences) {
  const PassRequest request{.statistics = {}, .for_backward = true, .tap_layer = 1};
  const at::Tensor upstream = at::cos(at::arange(pack_.num_scored() * 24, at::kDouble)).reshape({-1, 24});
  engine_.gradients.zero();
  (void)walk_.forward(pack_, request);
  tap_backward({}, upstream);
  engine_.gradients.finish();
  double slope = 0;
  for (int s = 0; s < static_cast<int>(model_.index.segments().size()); ++s) {
    const at::Tensor part = engine_.gradients.part(s);
    slope += (part * at::sin(0.7 * at::arange(part.numel(), at::kDouble))).sum().item<double>();
  }
  const auto value_at = [&](double step) {
    move_weights(step);
    (void)walk_.forward(pack_, request);
    return (walk_.tap() * upstream).sum().item<double>();
  };
  constexpr double kStep = 1e-5;
  const double expected = (value_at(kStep) - value_at(-kStep)) / (2 * kStep);
  EXPECT_NEAR(slope, expected, 1e-6 * std::abs(expected));
}

TEST_F(Tap, AddsItsGradientToTheStatistics) {
  const at::Tensor tap_upstream = at::ones({pack_.num_scored(), 24}, at::kDouble);
  const at::Tensor upstream = at::ones({pack_.num_scored()}, at::kDouble);
  const auto gradient = [&](bool statistic, bool tap) {
    engine_.gradients.zero();
    (void)walk_.forward(pack_, {.for_backward = true, .tap_layer = 0});
    tap_backward({statistic ? upstream : at::zeros_like(upstream)}, tap ? tap_upstream : at::Tensor());
    engine_.gradients.finish();
    return lethe::testing::whole_gradient(model_.index, engine_.gradients);
  };
  EXPECT_LE(lethe::testing::largest_tensor_difference(model_.index, gradient(true, true),
                                                      gradient(true, false) + gradient(false, true)),
            1e-12);
}

TEST_F(Tap, AStatisticOfSomeRowsHasTheValuesOfThoseRows) {
  const at::Tensor all = walk_.forward(pack_, {})[0];
  const PackReads reads{.ranges = {{2, 5}, {0, 1}}};
  const auto some =
      walk_.forward(pack_, {.statistics = {"log_prob", "entropy"}, .reads = std::span(&reads, 1)});
  EXPECT_TRUE(at::equal(some[0], all.narrow(0, 2, 5)));
  EXPECT_EQ(some[1].numel(), 1);
}

TEST_F(Tap, AFrozenModelThatIsTheModelHasNoDivergence) {
  (void)walk_.forward(pack_, {.statistics = {}, .normed = true});
  const auto held = engine_.weights.acquire(model_.segment_of(model_.head));
  const ReferenceRows frozen{.normed = walk_.normed().narrow(0, 1, 4),
                             .weight = engine_.weights.slot(model_.head).clone(),
                             .first = 1};
  const PackReads reads{.ranges = {{1, 4}}, .reference = &frozen};
  const auto kl = walk_.forward(pack_, {.statistics = {"reference_kl"}, .reads = std::span(&reads, 1)});
  EXPECT_LE(kl[0].abs().max().item<double>(), 1e-13);
}

}  // namespace
}  // namespace lethe::walk
