#include "framework/sharding/fold_tree.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "framework/base/error.h"
#include "framework/sharding/weight_store.h"

namespace lethe::sharding {
namespace {

FoldNode sibling(FoldNode node) { return {node.level, node.index ^ 1}; }
FoldNode parent(FoldNode node) { return {node.level + 1, node.index >> 1}; }

}  // namespace

std::vector<FoldNode> folded(std::span<const int> leaves) {
  std::set<FoldNode> nodes;
  for (const int leaf : leaves) {
    FoldNode node{0, leaf};
    for (; nodes.contains(sibling(node)); node = parent(node)) nodes.erase(sibling(node));
    nodes.insert(node);
  }
  return {nodes.begin(), nodes.end()};
}

void FoldTree::insert(FoldNode node, at::Tensor sum) {
  LETHE_CHECK(!sums_.contains(node), "node {} of level {} is folded twice", node.index, node.level);
  for (auto other = sums_.find(sibling(node)); other != sums_.end(); other = sums_.find(sibling(node))) {
    sum.add_(other->second);  // a + b and b + a are the same bits, so who came first is not seen
    sums_.erase(other);
    node = parent(node);
  }
  sums_.emplace(node, std::move(sum));
}

at::Tensor FoldTree::take(FoldNode node) {
  const auto found = sums_.find(node);
  LETHE_CHECK(found != sums_.end(), "node {} of level {} is missing", node.index, node.level);
  at::Tensor sum = std::move(found->second);
  sums_.erase(found);
  return sum;
}

std::size_t FoldTree::bytes() const noexcept {
  std::size_t total = 0;
  for (const auto& [node, sum] : sums_) total += sum.nbytes();
  return total;
}

void FoldTree::own_memory() {
  for (auto& [node, sum] : sums_) {
    if (sum.storage().nbytes() > sum.nbytes()) sum = sum.clone();
  }
}

void exchange_pieces(dist::ProcessGroup& group, const std::vector<std::vector<FoldNode>>& nodes_by_member,
                     FoldTree& mine, std::int64_t count, const at::TensorOptions& options,
                     at::Tensor& arriving, FoldTree& into) {
  if (!arriving.defined() || arriving.numel() < count) arriving = at::empty({count}, options);
  const auto members = static_cast<std::size_t>(group.size()), self = static_cast<std::size_t>(group.rank());
  const std::int64_t piece = count / group.size();
  const dist::DType dtype = dist_dtype(options.dtype().toScalarType());
  std::size_t rounds = 0;
  for (const auto& nodes : nodes_by_member) rounds = std::max(rounds, nodes.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    // Who has fewer nodes than others sends bytes that nobody reads.
    const bool brings = round < nodes_by_member[self].size();
    at::Tensor out = brings ? mine.take(nodes_by_member[self][round]) : at::zeros({count}, options);
    const at::Tensor in = arriving.narrow(0, 0, count);
    const auto size = static_cast<std::size_t>(count);
    group.all_to_all({out.const_data_ptr(), size, dtype}, {in.mutable_data_ptr(), size, dtype});
    for (std::size_t member = 0; member < members; ++member) {
      if (round < nodes_by_member[member].size())
        into.insert(nodes_by_member[member][round],
                    in.narrow(0, static_cast<std::int64_t>(member) * piece, piece));
    }
    into.own_memory();
  }
}

}  // namespace lethe::sharding
