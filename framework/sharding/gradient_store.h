// The gradients of a rank: its part of every segment, summed over micro-batches and ranks. The walk opens a
// segment, adds each parameter's gradient to its view, and closes it; closing reduce-scatters (ZeRO 2 and 3),
// or leaves that to finish() (ZeRO 1). On a shard group of one the views lie on the part itself. A named
// bucket of gradients is another GradientStore.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "framework/dist/stream.h"
#include "framework/sharding/grid.h"
#include "framework/sharding/shard_layout.h"

namespace lethe::sharding {

class GradientStore {
 public:
  // dtype: of accumulation and reduction (float32; float64 in float64 runs). `overlap`: reduce on a worker
  // thread.
  GradientStore(const models::ParameterIndex& index, Grid& grid, at::ScalarType dtype, bool overlap = false);
  ~GradientStore();
  GradientStore(const GradientStore&) = delete;
  GradientStore& operator=(const GradientStore&) = delete;

  void zero();
  // Views to add into until close(segment); one segment is open at a time. A rank without work opens and
  // closes too.
  void open(int segment);
  // [shape] of a parameter of the open segment.
  at::Tensor view(int parameter);
  void close();
  // After the last micro-batch: waits for what is under way and sums over replicas.
  void finish();

  // This rank's part of the summed gradient, [layout().part_size(segment)], padding zero. Valid after
  // finish().
  at::Tensor& part(int segment) { return parts_[segment]; }
  const ShardLayout& layout() const noexcept { return layout_; }
  Grid& grid() noexcept { return grid_; }

 private:
  void reduce(int segment, at::Tensor whole);

  const models::ParameterIndex& index_;
  Grid& grid_;
  ShardLayout layout_;
  at::ScalarType dtype_;
  std::vector<at::Tensor> parts_;
  std::vector<at::Tensor> whole_;     // ZeRO 1: full-size sums of this rank, until finish()
  at::Tensor buffers_[2], incoming_;  // ZeRO 2 and 3: two whole segments in turn, one part
  dist::Event reduced_[2];
  int turn_ = 0, open_ = -1;
  at::Tensor current_;  // flat storage of the open segment
  std::unique_ptr<dist::Stream> stream_;
};

}  // namespace lethe::sharding
