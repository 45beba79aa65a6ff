// The ops over the CUDA kernels, with the kernels run on the host (tests/support/host_cuda): pointers,
// shapes, graphs and rounding against the reference that the CPU takes.
#include "framework/ops/fused.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "framework/ops/perturb.h"
#include "framework/ops/rms_norm.h"
#include "framework/ops/rope.h"
#include "framework/ops/swiglu.h"
#include "framework/ops/token_statistic.h"

namespace lethe::ops {
namespace {

constexpr double kEps = 1e-5;

// Made up, the same every time: [shape] in `dtype`, near ±1.
at::Tensor values(at::IntArrayRef shape, at::ScalarType dtype, double phase) {
  const std::int64_t count = c10::multiply_integers(shape);
  return (at::arange(count, at::kDouble) * 0.731 + phase).sin().view(shape).to(dtype).requires_grad_(true);
}

class FusedOps : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  // Results and gradients agree up to the rounding of the element type, relative to the largest.
  void expect_same(const at::Tensor& actual, const at::Tensor& expected,
                   const std::vector<at::Tensor>& inputs) {
    expect_near(actual, expected);
    const at::Tensor upstream = values(expected.sizes(), expected.scalar_type(), 0.4).detach();
    const auto a = torch::autograd::grad({actual}, inputs, {upstream}),
               b = torch::autograd::grad({expected}, inputs, {upstream});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      SCOPED_TRACE("gradient " + std::to_string(i));
      EXPECT_EQ(a[i].scalar_type(), inputs[i].scalar_type());
      EXPECT_EQ(a[i].sizes(), inputs[i].sizes());
      expect_near(a[i], b[i]);
    }
  }
  static void expect_near(const at::Tensor& actual, const at::Tensor& expected) {
    ASSERT_EQ(actual.sizes(), expected.sizes());
    // The references round in between, so a few units in the last place; sums over rows a few more.
    const double unit = GetParam() == at::kBFloat16 ? 1.0 / 256 : 1.0 / (1 << 24);
    const double largest = expected.detach().abs().max().item<double>();
    const double difference = (actual.to(at::kDouble) - expected.to(at::kDouble)).abs().max().item<double>();
    EXPECT_LE(difference, 16 * unit * largest);
  }
};

TEST_P(FusedOps, RmsNormIsTheReferences) {
  for (const std::int64_t width : {8, 40, 65}) {
    const at::Tensor x = values({5, width}, GetParam(), 0.1), gain = values({width}, GetParam(), 0.2);
    expect_same(fused::rms_norm(x, gain, kEps), rms_norm(x, gain, kEps), {x, gain});
  }
}

TEST_P(FusedOps, RopeIsTheReferences) {
  const std::vector<std::int64_t> positions = {0, 1, 2, 0, 7};
  const RopeTables tables =
      rope_tables(positions, rope_frequencies(10000, 16), at::TensorOptions(GetParam()));
  const at::Tensor x = values({5, 3, 16}, GetParam(), 0.3);
  expect_same(fused::rope(x, tables.cos, tables.sin), rope(x, tables), {x});
  // As a projection leaves it: not contiguous.
  const at::Tensor turned = values({3, 5, 16}, GetParam(), 0.3);
  expect_same(fused::rope(turned.transpose(0, 1), tables.cos, tables.sin),
              rope(turned.transpose(0, 1), tables), {turned});
}

TEST_P(FusedOps, SwigluIsTheReferences) {
  const at::Tensor gate = values({7, 33}, GetParam(), 0.5), up = values({7, 33}, GetParam(), 0.6);
  expect_same(fused::swiglu(gate, up), swiglu(gate, up), {gate, up});
}

INSTANTIATE_TEST_SUITE_P(Elements, FusedOps, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& info) { return std::string(c10::toString(info.param)); });

TEST(FusedLogProb, IsTheStatistic) {
  const auto statistic = make_token_statistic("log_prob");
  const LogitChunk chunk{.logits = values({6, 1001}, at::kFloat, 0.7).detach() * 9,
                         .targets = at::arange(6, at::kLong) * 150,
                         .reference_logits = {}};
  const at::Tensor upstream = values({6}, at::kFloat, 0.8).detach();
  EXPECT_TRUE(
      at::allclose(fused::log_prob(chunk.logits, chunk.targets), statistic->forward(chunk), 1e-5, 1e-6));
  at::Tensor actual = at::ones_like(chunk.logits), expected = at::ones_like(chunk.logits);
  fused::add_log_prob_backward(chunk.logits, chunk.targets, upstream, actual);
  statistic->add_backward(chunk, upstream, expected);
  EXPECT_TRUE(at::allclose(actual, expected, 1e-5, 1e-6));
}

TEST(FusedUpdate, IsTheCpus) {
  const AdamWStep step{.learning_rate = 1e-2, .weight_decay = 0.1, .step = 3, .gradient_scale = 0.5};
  const auto make = [](double phase) { return values({1003}, at::kFloat, phase).detach(); };
  const at::Tensor gradients = make(0.1), w = make(0.2), m = make(0.3), v = make(0.4).abs();
  const at::Tensor w2 = w.clone(), m2 = m.clone(), v2 = v.clone();
  fused::adamw(w, gradients, m, v, step);
  adamw(w2, gradients, m2, v2, step);
  EXPECT_TRUE(at::allclose(w, w2, 1e-6, 1e-7));
  EXPECT_TRUE(at::allclose(m, m2, 1e-6, 1e-7));
  EXPECT_TRUE(at::allclose(v, v2, 1e-6, 1e-7));
}

TEST(FusedNoise, IsTheCpus) {
  const at::Tensor weights = values({1003}, at::kFloat, 0.1).detach();
  for (const base::Stream stream : {base::Stream::rademacher, base::Stream::gaussian}) {
    const base::StreamKey key{.seed = 11, .stream = stream, .draw = 2, .refresh = 1};
    const at::Tensor actual = at::empty_like(weights), expected = at::empty_like(weights);
    fused::add_noise(weights, actual, 77, key, 0.01);
    add_noise(weights, expected, 77, key, 0.01);
    EXPECT_TRUE(at::allclose(actual, expected, 1e-6, 1e-7));
  }
}

}  // namespace
}  // namespace lethe::ops
