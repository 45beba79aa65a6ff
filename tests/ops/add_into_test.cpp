#include "framework/ops/add_into.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

namespace lethe::ops {
namespace {

// More than one block, a row that is larger than one, a vector, a scalar, nothing; with gaps between rows.
TEST(AddInto, GivesTheBitsOfTheLibrarysSum) {
  at::manual_seed(7);
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{700, 900}, {3, 400000}, {600001}, {}, {0, 5}, {4, 0}, {6, 7, 8}})
    for (const at::ScalarType narrow : {at::kBFloat16, at::kFloat})
      for (const at::ScalarType wide : {at::kFloat, at::kDouble}) {
        const at::Tensor x = at::randn(shape).to(narrow);
        const at::Tensor sum = at::randn(shape, at::TensorOptions(wide)), expected = sum + x;
        add_into(sum, x);
        EXPECT_TRUE(at::equal(sum, expected)) << x.sizes() << " " << narrow << " " << wide;
      }
  const at::Tensor transposed = at::randn({900, 700}).to(at::kBFloat16).t();
  const at::Tensor sum = at::randn({700, 900}), expected = sum + transposed;
  add_into(sum, transposed);
  EXPECT_TRUE(at::equal(sum, expected));
}

}  // namespace
}  // namespace lethe::ops
