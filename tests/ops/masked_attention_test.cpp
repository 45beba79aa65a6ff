#include <ATen/ATen.h>
#include <gtest/gtest.h>

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

TEST(MaskedAttention, AQueryWithoutAnyKeySeesItself) {
  const at::Tensor q = values({2, 1, 4}), k = values({2, 1, 4}), v = values({2, 1, 4});
  const std::vector<std::int64_t> offsets = {0, 2};
  const std::vector<std::uint8_t> all = {1, 1};
  EXPECT_TRUE(at::allclose(masked_attention(q, k, v, offsets, all), v.reshape({2, 4})));
}

}  // namespace
}  // namespace lethe::ops
