// A sum whose order is fixed: a binary tree over leaves 0 … 2^n - 1, whatever rank computed which leaf and
// whenever it arrives. A node is inserted as soon as it is there; where both halves of a node are there they
// are added, left plus right, and become that node. So the bits of the root depend on the leaves only.
#pragma once

#include <ATen/core/Tensor.h>

#include <compare>
#include <map>
#include <span>
#include <vector>

#include "framework/dist/process_group.h"

namespace lethe::sharding {

// Leaves index * 2^level … (index + 1) * 2^level - 1.
struct FoldNode {
  int level = 0, index = 0;
  friend auto operator<=>(const FoldNode&, const FoldNode&) = default;
};

// The nodes that are left when these leaves are folded as far as they go; in one order everywhere.
[[nodiscard]] std::vector<FoldNode> folded(std::span<const int> leaves);

class FoldTree {
 public:
  // Takes the tensor over: sums are written into it. All tensors of a tree have one shape.
  void insert(FoldNode node, at::Tensor sum);
  // Removes a node that must be there.
  [[nodiscard]] at::Tensor take(FoldNode node);
  bool holds(FoldNode node) const { return sums_.contains(node); }
  std::size_t size() const noexcept { return sums_.size(); }
  std::size_t bytes() const noexcept;
  // Gives every sum that is a piece of a larger buffer memory of its own.
  void own_memory();

 private:
  std::map<FoldNode, at::Tensor> sums_;
};

// Collective over `group`. Every member brings the nodes that nodes_by_member says, flat, [count] each with
// count a multiple of the group's size; member r gets piece r of all of them, inserted into `into`, with
// memory of its own. Empties `mine`. `arriving`: where pieces arrive, kept between calls, since fresh pages
// would cost more than the sums; it grows.
void exchange_pieces(dist::ProcessGroup& group, const std::vector<std::vector<FoldNode>>& nodes_by_member,
                     FoldTree& mine, std::int64_t count, const at::TensorOptions& options,
                     at::Tensor& arriving, FoldTree& into);

}  // namespace lethe::sharding
