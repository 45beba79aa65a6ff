// The elastic sum of gradients: each pack of the global batch is a leaf, and a segment's gradient is the fold
// of its leaves in a fixed tree. A rank folds the leaves that it ran as far as they go, and sends what is
// left (one partial sum where ranks and leaves are powers of two) to the owners of the parts, who fold on.
// Memory beyond the plain sum: a partial sum for each level of the tree at most.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "framework/sharding/fold_tree.h"
#include "framework/sharding/grid.h"
#include "framework/sharding/shard_layout.h"

namespace lethe::sharding {

// By world rank, the leaves it ran.
using LeavesByRank = std::vector<std::vector<int>>;

// How often a leaf adds to an element of its segment. Where it is once, a leaf may be added onto the sum of
// the leaf beside it: (0 + a) + b are the bits of a + b.
enum class LeafAdds { once, many };

class LeafSums {
 public:
  // leaf_dtype: of a leaf's own gradient; dtype: of every sum in the tree, and of what travels. num_leaves: a
  // power of two.
  LeafSums(const ShardLayout& layout, Grid& grid, at::ScalarType leaf_dtype, at::ScalarType dtype,
           int num_leaves);

  void begin_wave(LeavesByRank leaves);
  // On the thread of the walk. A segment that is opened twice in a wave (a tied embedding) has a tree for
  // each use. begin_leaf: where the leaf's gradient of the open segment is collected, flat; zeroed, to add
  // into, for `many`; for `once` it may hold another leaf's, and is written by add() and add_rows() alone.
  void open(int segment);
  at::Tensor begin_leaf(int leaf, LeafAdds adds);
  // The leaf's gradient of a parameter; of some rows of it, each named once.
  void add(int parameter, const at::Tensor& gradient);
  void add_rows(int parameter, const at::Tensor& rows, const at::Tensor& gradient);
  // Folds the last leaf; true where the partial sums must travel now (ZeRO 2 and 3), with them in `partial`.
  bool close(FoldTree& partial);
  int open_use() const noexcept { return use_; }
  // On the thread that reduces: partial sums of one wave to the owners of their parts.
  void reduce(int segment, int use, const LeavesByRank& wave, FoldTree partial);
  const LeavesByRank& wave() const noexcept { return wave_; }
  // After the last wave, collective: what is left travels, replicas fold on. Writes this rank's part of the
  // sum.
  void finish(int segment, at::Tensor& part);
  std::size_t bytes() const noexcept;

 private:
  bool reduces_early() const { return grid_.shard_size() > 1 && grid_.zero() >= 2; }
  void end_leaf();
  bool merges_into_sibling(LeafAdds adds) const;
  at::Tensor view(int parameter);
  void zero_unwritten();
  std::vector<std::vector<FoldNode>> nodes_in_shard_group(const LeavesByRank& leaves) const;
  at::Tensor finish_use(int segment, int use);
  at::Tensor fold_replicas(int segment, FoldTree& partial);

  const ShardLayout& layout_;
  Grid& grid_;
  at::ScalarType leaf_dtype_, dtype_;
  at::TensorOptions options_;
  FoldNode root_;
  static constexpr int kUses = 2;  // of a segment in one wave: a tied embedding's
  using Uses = std::array<FoldTree, kUses>;
  LeavesByRank wave_, all_;    // of this wave; of all waves so far
  std::vector<Uses> whole_;    // by segment: this rank's own leaves, full size
  std::vector<Uses> partial_;  // by segment: this rank's part of all leaves of the shard group
  std::vector<int> opened_;    // by segment: times in this wave
  int segment_ = -1, use_ = 0, leaf_ = -1;
  at::Tensor current_, arriving_;
  FoldNode node_;  // what current_ is, when the leaf ends
  // current_ holds values only where written_ says so, by parameter of the segment.
  bool unwritten_ = false;
  std::vector<bool> written_;
};

}  // namespace lethe::sharding
