// The gradients of a rank: its part of every segment, summed over micro-batches and ranks. The walk opens a
// segment, adds each parameter's gradient to its view, and closes it; closing reduce-scatters (ZeRO 2 and 3),
// or leaves that to finish() (ZeRO 1). On a shard group of one the views lie on the part itself. A named
// bucket of gradients is another GradientStore.
//
// Sums are added in rank order as they come, or, after fold_leaves(), as a fixed tree over the leaves of the
// global batch (see leaf_sums.h): then their bits do not depend on the number of ranks.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "framework/dist/stream.h"
#include "framework/sharding/device_bytes.h"
#include "framework/sharding/device_stream.h"
#include "framework/sharding/grid.h"
#include "framework/sharding/leaf_sums.h"
#include "framework/sharding/shard_layout.h"

namespace lethe::sharding {

// By segment, whether any of its parameters is trained; `trained`: by parameter, empty: all.
[[nodiscard]] std::vector<bool> segments_with_trained(const models::ParameterIndex& index,
                                                      const std::vector<bool>& trained);

class GradientStore {
 public:
  // dtype: of accumulation (float32; float64 in float64 runs). `overlap`: reduce on a stream of its own.
  // `trained`: by parameter; empty: all. Frozen parameters have no gradient and their segments cost nothing.
  // `reduction`: in what sums travel between ranks; dtype where it is not set. A tree over leaves is folded
  // in it, so that its bits do not depend on which sums travelled.
  GradientStore(const models::ParameterIndex& index, Grid& grid, at::ScalarType dtype, bool overlap = false,
                std::vector<bool> trained = {}, std::optional<at::ScalarType> reduction = {});
  ~GradientStore();
  GradientStore(const GradientStore&) = delete;
  GradientStore& operator=(const GradientStore&) = delete;

  void zero();
  // After zero(): this update's sum is a tree over `num_leaves` (a power of two) packs.
  void fold_leaves(int num_leaves);
  // Then, before each pass: the leaves that every rank of the world runs in it. Every leaf is run once.
  void begin_wave(std::vector<std::vector<int>> leaves_by_rank);

  bool trains(int parameter) const { return trained_.empty() || trained_[parameter]; }
  bool trains_segment(int segment) const { return trained_segments_[segment]; }

  // Views to add into until close(segment); one segment is open at a time, and it is a trained one. A rank
  // without work opens and closes too.
  void open(int segment);
  // Before the gradients of each pack of a pass; without fold_leaves() it changes nothing. `once`: the pack
  // gives each parameter of the segment one add() or add_rows(), or none, and uses no view.
  void begin_leaf(int leaf, LeafAdds adds);
  // [shape] of a parameter of the open segment, to add into.
  at::Tensor view(int parameter);
  void add(int parameter, const at::Tensor& gradient);
  // Gradients [n, width] of rows [n] of a parameter; rows may repeat.
  void add_rows(int parameter, const at::Tensor& rows, const at::Tensor& gradient);
  void close();
  // After the last micro-batch: waits for what is under way and sums over replicas.
  void finish();

  // This rank's part of the summed gradient, [layout().part_size(segment)], padding zero; empty where the
  // segment is frozen. Valid after finish().
  at::Tensor& part(int segment) { return parts_[segment]; }
  const ShardLayout& layout() const noexcept { return layout_; }
  at::ScalarType dtype() const noexcept { return dtype_; }
  at::TensorOptions tensor_options() const { return at::TensorOptions(dtype_).device(grid_.device()); }
  const models::ParameterIndex& index() const noexcept { return index_; }
  Grid& grid() noexcept { return grid_; }
  // Bytes alive now: parts, buffers on their way out, sums of leaves.
  std::size_t bytes() const noexcept;

 private:
  void reduce(int segment, at::Tensor whole);
  void sum_over_replicas(int segment);
  at::Tensor as_sent(const at::Tensor& sums);
  void finish_segment(int segment);
  void wait_for_buffer();
  void enqueue_reduction(int segment, std::function<void()> reduction);
  at::Tensor sums_buffer(std::uint64_t size) const;
  const at::Tensor& whole(int segment);
  at::Tensor next_buffer(int segment);

  const models::ParameterIndex& index_;
  Grid& grid_;
  ShardLayout layout_;
  at::ScalarType dtype_, reduction_;
  std::vector<bool> trained_, trained_segments_;
  std::vector<at::Tensor> parts_;
  std::vector<at::Tensor> whole_;     // ZeRO 1: full-size sums of this rank, until finish()
  at::Tensor buffers_[2], incoming_;  // ZeRO 2 and 3: two whole segments in turn, one part
  at::Tensor sent_;                   // a whole segment as it travels, where that is another dtype
  dist::Event reduced_[2];
  int turn_ = 0, open_ = -1;
  at::Tensor current_;  // flat storage of the open segment
  std::unique_ptr<LeafSums> leaves_;
  DeviceBytes device_bytes_;
  ComputeQueue compute_;
  std::unique_ptr<dist::Stream> stream_;  // last: its work uses everything above
};

}  // namespace lethe::sharding
