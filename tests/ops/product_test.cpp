#include "framework/ops/product.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "framework/ops/attention.h"
#include "framework/ops/linear.h"

namespace lethe::ops {
namespace {

// The largest error of x against the exact product of a and b, in what one rounding to bf16 and sums in
// float32 allow.
double errors_allowed(const at::Tensor& x, const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide_a = a.to(at::kDouble), wide_b = b.to(at::kDouble);
  const at::Tensor exact = at::mm(wide_a, wide_b);
  const at::Tensor allowed = exact.abs() * 0x1p-8 + at::mm(wide_a.abs(), wide_b.abs()) * 1e-5;
  return ((x.to(at::kDouble) - exact).abs() / allowed).max().item<double>();
}

at::Tensor bf16(at::IntArrayRef shape) { return at::randn(shape).to(at::kBFloat16); }

class Shapes : public testing::TestWithParam<std::array<std::int64_t, 3>> {};

TEST_P(Shapes, AreRoundedOnceWhateverTheStrides) {
  const auto [m, k, n] = GetParam();
  at::manual_seed(1);
  const at::Tensor a = bf16({m, k}), a_columns = bf16({k, m}).t(), b = bf16({k, n}),
                   b_columns = bf16({n, k}).t();
  for (const at::Tensor& left : {a, a_columns})
    for (const at::Tensor& right : {b, b_columns}) {
      const at::Tensor c = widened_product(left, right);
      EXPECT_EQ(c.scalar_type(), at::kBFloat16);
      EXPECT_EQ(c.sizes(), at::IntArrayRef({m, n}));
      EXPECT_LE(errors_allowed(c, left, right), 1);
    }
}

// One block, several of rows and of columns with a rest, one element, a depth beyond what blocks are sized
// by.
INSTANTIATE_TEST_SUITE_P(Products, Shapes,
                         testing::Values(std::array<std::int64_t, 3>{5, 7, 3},
                                         std::array<std::int64_t, 3>{4099, 3, 1030},
                                         std::array<std::int64_t, 3>{1, 1, 1},
                                         std::array<std::int64_t, 3>{9, 70000, 20}));

TEST(Products, OfNothingAreEmptyOrZero) {
  EXPECT_EQ(widened_product(bf16({0, 4}), bf16({4, 3})).sizes(), at::IntArrayRef({0, 3}));
  EXPECT_TRUE(at::equal(widened_product(bf16({2, 0}), bf16({0, 3})), at::zeros({2, 3}, at::kBFloat16)));
}

TEST(Products, OfWideTypesAreTheLibrarys) {
  const at::Tensor a = at::randn({20, 5}), b = at::randn({5, 4});
  EXPECT_TRUE(multiplied_natively(at::kFloat, at::kCPU));
  EXPECT_TRUE(at::equal(product(a, b), at::mm(a, b)));
}

TEST(Products, GiveALinearMapItsGradientsInBf16) {
  at::manual_seed(2);
  const at::Tensor x = bf16({30, 16}).requires_grad_(), weight = bf16({12, 16}).requires_grad_(),
                   bias = bf16({12}).requires_grad_(), upstream = bf16({30, 12});
  const at::Tensor y = linear(x, weight, bias);
  const auto gradients = torch::autograd::grad({y}, {x, weight, bias}, {upstream});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::allclose(
      y, at::addmm(bias.to(at::kDouble), x.to(at::kDouble), weight.t().to(at::kDouble)).to(at::kBFloat16),
      /*rtol=*/0x1p-7, /*atol=*/0x1p-7));
  EXPECT_LE(errors_allowed(gradients[0], upstream, weight), 1);
  EXPECT_LE(errors_allowed(gradients[1], upstream.t(), x), 1);
  EXPECT_TRUE(at::allclose(gradients[2].to(at::kFloat), upstream.to(at::kFloat).sum(0), 0x1p-7, 0x1p-7));
}

TEST(Products, GiveAttentionInBf16TheValuesAndGradientsOfFloat32) {
  at::manual_seed(3);
  const at::Tensor q = bf16({20, 4, 8}), k = bf16({20, 2, 8}), v = bf16({20, 2, 8}),
                   upstream = bf16({20, 32});
  const std::vector<std::int64_t> offsets = {0, 6, 20};
  const auto run = [&](at::ScalarType dtype) {
    std::vector<at::Tensor> inputs;
    for (const at::Tensor& x : {q, k, v})
      inputs.push_back(x.to(dtype, false, /*copy=*/true).requires_grad_());
    const at::Tensor y = attention(inputs[0], inputs[1], inputs[2], offsets);
    std::vector<at::Tensor> all = torch::autograd::grad({y}, inputs, {upstream.to(dtype)});
    all.push_back(y.detach());
    return all;
  };
  const auto narrow = run(at::kBFloat16), wide = run(at::kFloat);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    EXPECT_EQ(narrow[i].scalar_type(), at::kBFloat16);
    EXPECT_TRUE(at::allclose(narrow[i].to(at::kFloat), wide[i], 0x1p-5, 0x1p-5)) << i;
  }
}

}  // namespace
}  // namespace lethe::ops
