#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <vector>

#include "framework/ops/attention.h"
#include "framework/ops/masked_attention.h"

namespace lethe::ops {
namespace {

at::Tensor values(at::IntArrayRef shape) { return at::randn(shape, at::kDouble); }

TEST(MaskedAttention, IsAttentionWhereNothingIsHidden) {
  const at::Tensor q = values({7, 4, 6}), k = values({7, 2, 6}), v = values({7, 2, 6});
  const std::vector<std::int64_t> offsets = {0, 3, 7};
  const std::vector<std::uint8_t> none(7, 0);
  EXPECT_LE(
      (masked_attention(q, k, v, offsets, none) - attention(q, k, v, offsets)).abs().max().item<double>(),
      1e-13);
}

TEST(MaskedAttention, NobodySeesAHiddenToken) {
  const at::Tensor q = values({5, 2, 4}), k = values({5, 2, 4}), v = values({5, 2, 4});
  at::Tensor changed = v.clone();
  changed[2].add_(10);
  const std::vector<std::int64_t> offsets = {0, 5};
  const std::vector<std::uint8_t> third = {0, 0, 1, 0, 0};
  EXPECT_TRUE(
      at::equal(masked_attention(q, k, v, offsets, third), masked_attention(q, k, changed, offsets, third)));
}

// To the letter: every score of a document, and minus infinity where a key is later or hidden.
at::Tensor literal(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const std::vector<std::int64_t>& offsets, const std::vector<std::uint8_t>& hidden) {
  std::vector<at::Tensor> rows;
  const std::int64_t repeats = q.size(1) / k.size(1);
  for (std::size_t d = 0; d + 1 < offsets.size(); ++d)
    for (std::int64_t i = offsets[d]; i < offsets[d + 1]; ++i) {
      std::vector<std::int64_t> sees;
      for (std::int64_t j = offsets[d]; j <= i; ++j)
        if (hidden[static_cast<std::size_t>(j)] == 0) sees.push_back(j);
      if (sees.empty()) sees.push_back(i);
      std::vector<at::Tensor> heads;
      for (std::int64_t h = 0; h < q.size(1); ++h) {
        const at::Tensor index = at::tensor(sees, at::kLong);
        const at::Tensor keys = k.select(1, h / repeats).index_select(0, index),
                         values = v.select(1, h / repeats).index_select(0, index);
        const at::Tensor scores = at::mv(keys, q[i][h]) / std::sqrt(static_cast<double>(q.size(2)));
        heads.push_back(at::mv(values.t(), at::softmax(scores, 0)));
      }
      rows.push_back(at::cat(heads));
    }
  return at::stack(rows);
}

TEST(MaskedAttention, IsTheLiteralOneInValuesAndGradients) {
  at::manual_seed(3);
  // Hidden at the start, in the middle, at the end, all of a document, none of one, a document of one token.
  const std::vector<std::int64_t> offsets = {0, 5, 6, 12, 14, 15, 21};
  const std::vector<std::uint8_t> hidden = {1, 1,      0, 0,      1,      /**/ 0, /**/ 0, 1, 0, 1, 1,
                                            0, /**/ 1, 1, /**/ 1, /**/ 0, 0,      0,      0, 0, 0};
  const at::Tensor q = values({21, 4, 6}).requires_grad_(), k = values({21, 2, 6}).requires_grad_(),
                   v = values({21, 2, 6}).requires_grad_(), upstream = values({21, 24});
  const at::Tensor made = masked_attention(q, k, v, offsets, hidden),
                   expected = literal(q, k, v, offsets, hidden);
  EXPECT_LE((made - expected).abs().max().item<double>(), 1e-13);
  const auto gradients = torch::autograd::grad({made}, {q, k, v}, {upstream}),
             expected_gradients = torch::autograd::grad({expected}, {q, k, v}, {upstream});
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_LE((gradients[i] - expected_gradients[i]).abs().max().item<double>(), 1e-13) << i;
}

TEST(MaskedAttention, InBf16IsThatOfFloat32) {
  at::manual_seed(4);
  const std::vector<std::int64_t> offsets = {0, 9};
  const std::vector<std::uint8_t> hidden = {0, 0, 1, 0, 0, 0, 0, 1, 1};
  const auto narrow = [](const at::Tensor& x) { return x.to(at::kBFloat16); };
  const at::Tensor q = narrow(values({9, 4, 8})), k = narrow(values({9, 2, 8})),
                   v = narrow(values({9, 2, 8}));
  const auto wide = [](const at::Tensor& x) { return x.to(at::kFloat); };
  const at::Tensor made = masked_attention(q, k, v, offsets, hidden);
  EXPECT_EQ(made.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(
      at::allclose(wide(made), masked_attention(wide(q), wide(k), wide(v), offsets, hidden), 2e-2, 2e-2));
}

TEST(MaskedAttention, AQueryWithoutAnyKeySeesItself) {
  const at::Tensor q = values({2, 1, 4}), k = values({2, 1, 4}), v = values({2, 1, 4});
  const std::vector<std::int64_t> offsets = {0, 2};
  const std::vector<std::uint8_t> all = {1, 1};
  EXPECT_TRUE(at::allclose(masked_attention(q, k, v, offsets, all), v.reshape({2, 4})));
}

}  // namespace
}  // namespace lethe::ops
