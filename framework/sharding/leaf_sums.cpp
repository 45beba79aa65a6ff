#include "framework/sharding/leaf_sums.h"

#include <ATen/ATen.h>

#include <bit>

#include "framework/base/error.h"
#include "framework/ops/add_into.h"
#include "framework/sharding/weight_store.h"

namespace lethe::sharding {

LeafSums::LeafSums(const ShardLayout& layout, Grid& grid, at::ScalarType leaf_dtype, at::ScalarType dtype,
                   int num_leaves)
    : layout_(layout),
      grid_(grid),
      leaf_dtype_(leaf_dtype),
      dtype_(dtype),
      options_(at::TensorOptions(dtype).device(grid.device())),
      root_{std::countr_zero(static_cast<unsigned>(num_leaves)), 0},
      all_(static_cast<std::size_t>(grid.world().size())),
      whole_(layout.index().segments().size()),
      partial_(layout.index().segments().size()) {
  LETHE_CHECK(std::has_single_bit(static_cast<unsigned>(num_leaves)), "{} leaves", num_leaves);
}

void LeafSums::begin_wave(LeavesByRank leaves) {
  wave_ = std::move(leaves);
  for (std::size_t rank = 0; rank < all_.size(); ++rank)
    all_[rank].insert(all_[rank].end(), wave_[rank].begin(), wave_[rank].end());
  opened_.assign(whole_.size(), 0);
}

void LeafSums::open(int segment) {
  segment_ = segment;
  use_ = opened_[segment]++;
  LETHE_CHECK(use_ < kUses, "segment {} is opened {} times in a wave", segment, use_ + 1);
}

at::Tensor LeafSums::begin_leaf(int leaf, LeafAdds adds) {
  end_leaf();
  leaf_ = leaf;
  if (merges_into_sibling(adds)) {
    current_ = whole_[segment_][use_].take({0, leaf - 1});
    node_ = {1, leaf / 2};
    return current_;
  }
  const auto size = static_cast<std::int64_t>(layout_.padded_size(segment_));
  const at::TensorOptions options = options_.dtype(leaf_dtype_);
  unwritten_ = adds == LeafAdds::once;
  written_.assign(static_cast<std::size_t>(layout_.index().segments()[segment_].num_parameters), false);
  current_ = unwritten_ ? at::empty({size}, options) : at::zeros({size}, options);
  node_ = {0, leaf};
  return current_;
}

// Sums of a tree are folded in dtype_, so only a leaf that is one already can be folded by adding onto it.
bool LeafSums::merges_into_sibling(LeafAdds adds) const {
  return adds == LeafAdds::once && leaf_ % 2 == 1 && leaf_dtype_ == dtype_ &&
         whole_[segment_][use_].holds({0, leaf_ - 1});
}

at::Tensor LeafSums::view(int parameter) {
  const models::Parameter& p = layout_.index().parameters()[parameter];
  const models::Segment& segment = layout_.index().segments()[segment_];
  LETHE_CHECK(p.segment == segment_, "{} is not of the open segment", p.name);
  return current_
      .narrow(0, static_cast<std::int64_t>(p.first - segment.first), static_cast<std::int64_t>(p.count))
      .view(p.shape);
}

void LeafSums::add(int parameter, const at::Tensor& gradient) {
  if (!unwritten_) return ops::add_into(view(parameter), gradient);
  view(parameter).copy_(gradient);
  written_[parameter - layout_.index().segments()[segment_].first_parameter] = true;
}

void LeafSums::add_rows(int parameter, const at::Tensor& rows, const at::Tensor& gradient) {
  if (unwritten_) {
    view(parameter).zero_();
    written_[parameter - layout_.index().segments()[segment_].first_parameter] = true;
  }
  view(parameter).index_add_(0, rows, gradient);
}

// Parameters without a gradient of this leaf, and the padding.
void LeafSums::zero_unwritten() {
  const models::Segment& segment = layout_.index().segments()[segment_];
  for (std::size_t i = 0; i < written_.size(); ++i)
    if (!written_[i]) view(segment.first_parameter + static_cast<int>(i)).zero_();
  const auto filled = static_cast<std::int64_t>(segment.count);
  current_.narrow(0, filled, current_.numel() - filled).zero_();
  unwritten_ = false;
}

void LeafSums::end_leaf() {
  if (leaf_ < 0) return;
  if (unwritten_) zero_unwritten();
  whole_[segment_][use_].insert(node_, std::exchange(current_, {}).to(dtype_));
  leaf_ = -1;
}

bool LeafSums::close(FoldTree& partial) {
  end_leaf();
  if (!reduces_early()) return false;
  partial = std::exchange(whole_[segment_][use_], {});
  return true;
}

std::vector<std::vector<FoldNode>> LeafSums::nodes_in_shard_group(const LeavesByRank& leaves) const {
  const int first = grid_.world().rank() - grid_.shard_rank();
  std::vector<std::vector<FoldNode>> nodes;
  for (int member = 0; member < grid_.shard_size(); ++member) nodes.push_back(folded(leaves[first + member]));
  return nodes;
}

void LeafSums::reduce(int segment, int use, const LeavesByRank& wave, FoldTree partial) {
  FoldTree& into = partial_[segment][use];
  exchange_pieces(grid_.reduce_group(), nodes_in_shard_group(wave), partial,
                  static_cast<std::int64_t>(layout_.padded_size(segment)), options_, arriving_, into);
}

at::Tensor LeafSums::fold_replicas(int segment, FoldTree& partial) {
  const int replicas = grid_.num_replicas(), shard = grid_.shard_size();
  std::vector<std::vector<FoldNode>> nodes;
  for (int replica = 0; replica < replicas; ++replica) {
    std::vector<int> leaves;
    for (int member = 0; member < shard; ++member) {
      const auto& ran = all_[replica * shard + member];
      leaves.insert(leaves.end(), ran.begin(), ran.end());
    }
    nodes.push_back(folded(leaves));
  }
  // Each replica folds an equal piece of the part; padding makes the part divisible.
  const auto size = static_cast<std::int64_t>(layout_.part_size(segment));
  const std::int64_t piece = (size + replicas - 1) / replicas, padded = piece * replicas;
  dist::ProcessGroup& group = grid_.replica_group();
  FoldTree mine, folded_here;
  for (const FoldNode node : nodes[static_cast<std::size_t>(group.rank())]) {
    at::Tensor whole = at::zeros({padded}, options_);
    whole.narrow(0, 0, size).copy_(partial.take(node));
    mine.insert(node, whole);
  }
  exchange_pieces(group, nodes, mine, padded, options_, arriving_, folded_here);
  const at::Tensor sum = folded_here.take(root_).contiguous();
  at::Tensor all = at::empty({padded}, options_);
  const dist::DType dtype = dist_dtype(dtype_);
  group.all_gather({sum.const_data_ptr(), static_cast<std::size_t>(piece), dtype},
                   {all.mutable_data_ptr(), static_cast<std::size_t>(padded), dtype});
  return all.narrow(0, 0, size);
}

at::Tensor LeafSums::finish_use(int segment, int use) {
  FoldTree& partial = partial_[segment][use];
  if (grid_.shard_size() == 1)
    partial = std::exchange(whole_[segment][use], {});
  else if (!reduces_early())
    reduce(segment, use, all_, std::exchange(whole_[segment][use], {}));
  return grid_.num_replicas() > 1 ? fold_replicas(segment, partial) : partial.take(root_);
}

void LeafSums::finish(int segment, at::Tensor& part) {
  for (int use = 0; use < opened_[segment]; ++use)
    use == 0 ? part.copy_(finish_use(segment, use)) : part.add_(finish_use(segment, use));
}

std::size_t LeafSums::bytes() const noexcept {
  std::size_t total = current_.defined() ? current_.nbytes() : 0;
  if (arriving_.defined()) total += arriving_.nbytes();
  for (const auto* trees : {&whole_, &partial_})
    for (const Uses& uses : *trees)
      for (const FoldTree& tree : uses) total += tree.bytes();
  return total;
}

}  // namespace lethe::sharding
