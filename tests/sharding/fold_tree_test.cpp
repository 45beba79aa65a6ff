#include "framework/sharding/fold_tree.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <numeric>

#include "framework/dist/simulated_group.h"
#include "framework/dist/topology.h"

namespace lethe::sharding {
namespace {

constexpr int kLeaves = 8;

at::Tensor leaf_values(int leaf, std::int64_t count) {
  return at::sin(at::arange(count, at::kFloat) * 0.37f + static_cast<float>(leaf)) * 3.3f;
}

at::Tensor pairwise_sum(int first, int count, std::int64_t size) {
  if (count == 1) return leaf_values(first, size);
  return pairwise_sum(first, count / 2, size) + pairwise_sum(first + count / 2, count / 2, size);
}

TEST(FoldTree, TheOrderOfArrivalIsNotSeen) {
  const at::Tensor expected = pairwise_sum(0, kLeaves, 1000);
  std::vector<int> order(kLeaves);
  std::iota(order.begin(), order.end(), 0);
  for (int shuffle = 0; shuffle < 20; ++shuffle) {
    FoldTree tree;
    for (const int leaf : order) tree.insert({0, leaf}, leaf_values(leaf, 1000));
    EXPECT_EQ(tree.size(), 1u);
    EXPECT_TRUE(at::equal(tree.take({3, 0}), expected));
    std::ranges::rotate(order, order.begin() + 1 + shuffle % 5);
    std::swap(order[shuffle % kLeaves], order[(shuffle * 3 + 1) % kLeaves]);
  }
}

TEST(FoldTree, FoldsAsFarAsTheLeavesGo) {
  const std::vector<int> leaves = {3, 4, 5, 6, 7, 0};
  EXPECT_EQ(folded(leaves), (std::vector<FoldNode>{{0, 0}, {0, 3}, {2, 1}}));
  EXPECT_TRUE(folded({}).empty());
}

TEST(FoldTree, AnyNumberOfMembersGivesTheSameBits) {
  constexpr std::int64_t kPiece = 96;
  for (const int members : {1, 2, 3, 4, 5, 8, 11}) {
    const std::int64_t count = kPiece * members;
    const at::Tensor expected = pairwise_sum(0, kLeaves, count);
    dist::run_simulated(members, [&](dist::ProcessGroup& group) {
      std::vector<std::vector<FoldNode>> nodes;
      FoldTree mine, pieces;
      for (int member = 0; member < members; ++member) {
        const dist::Slice slice = dist::even_slice(kLeaves, member, members);
        std::vector<int> leaves(slice.count);
        std::iota(leaves.begin(), leaves.end(), static_cast<int>(slice.first));
        nodes.push_back(folded(leaves));
        if (member != group.rank()) continue;
        for (const int leaf : leaves) mine.insert({0, leaf}, leaf_values(leaf, count));
      }
      at::Tensor arriving;
      exchange_pieces(group, nodes, mine, count, at::kFloat, arriving, pieces);
      EXPECT_EQ(mine.size(), 0u);
      EXPECT_EQ(pieces.bytes(), kPiece * sizeof(float));
      EXPECT_TRUE(at::equal(pieces.take({3, 0}), expected.narrow(0, group.rank() * kPiece, kPiece)))
          << members << " members";
    });
  }
}

}  // namespace
}  // namespace lethe::sharding
