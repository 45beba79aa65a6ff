#include "framework/models/parameter_index.h"

#include <gtest/gtest.h>

#include <array>

#include "framework/base/error.h"

namespace lethe::models {
namespace {

ParameterIndex three() {
  ParameterIndex index;
  index.begin_segment("a");
  index.add("x", {2, 3});
  index.add("y", {5});
  index.begin_segment("b");
  index.add("z", {7});
  return index;
}

TEST(ParameterIndex, CountsElementsWithoutPadding) {
  const ParameterIndex index = three();
  EXPECT_EQ(index.size(), 18u);
  EXPECT_EQ(index.find("z")->first, 11u);
  EXPECT_EQ(index.segments()[1].first, 11u);
  EXPECT_EQ(index.segments()[0].num_parameters, 2);
}

TEST(ParameterIndex, CutsEveryRangeIntoPiecesThatCoverIt) {
  const ParameterIndex index = three();
  for (std::uint64_t first = 0; first <= index.size(); ++first) {
    for (std::uint64_t count = 0; count <= index.size() - first; ++count) {
      std::uint64_t next = first;
      for_each_piece(index, first, count, [&](int parameter, std::uint64_t inside, std::uint64_t elements) {
        EXPECT_EQ(index.parameters()[parameter].first + inside, next);
        EXPECT_GT(elements, 0u);
        EXPECT_LE(inside + elements, index.parameters()[parameter].count);
        next += elements;
      });
      EXPECT_EQ(next, first + count);
    }
  }
}

TEST(ParameterIndex, RefusesARangeThatLeavesIt) {
  const auto nothing = [](int, std::uint64_t, std::uint64_t) {};
  EXPECT_THROW(for_each_piece(three(), 18, 1, nothing), Error);
  EXPECT_THROW(for_each_piece(three(), 3, ~0ull, nothing), Error);
}

}  // namespace
}  // namespace lethe::models
