// How a walk sees the weights. The store's master weights are never written by a reader: a source writes *its
// view* of a rank's own part into the gather buffer just before the gather (the weights as they are, W +
// sigma * z, W + low-rank, …).
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/sharding/shard_layout.h"

namespace lethe::sharding {

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // master [part.valid], float32 or float64: elements part.first … of the canonical order. out [part.valid],
  // in the dtype that travels (StoreOptions::seen), is written whole.
  virtual void write(const ShardPart& part, const at::Tensor& master, at::Tensor& out) const = 0;
};

}  // namespace lethe::sharding
