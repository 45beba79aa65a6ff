// A tiny decoder with weights that are a function of the canonical index, and packs of made-up documents:
// what engine tests run on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "framework/data/packing.h"
#include "framework/models/decoder_model.h"
#include "framework/sharding/gradient_store.h"
#include "framework/sharding/weight_store.h"

namespace lethe::testing {

struct TinyShape {
  bool tied = true;
  bool qkv_bias = false;
  std::int64_t layers = 3;
};
[[nodiscard]] models::DecoderModel tiny_model(TinyShape shape = {});

// Small weights: norm gains near 1, the rest near 0.1 * normal.
void fill_tiny_weights(const models::ParameterIndex& index, std::uint64_t first, std::span<float> out);

// Documents of different lengths with prompts; `count` of them, a function of `seed`.
[[nodiscard]] std::vector<std::vector<std::int32_t>> tiny_documents(int count, std::uint64_t seed,
                                                                    std::int64_t vocab);
[[nodiscard]] data::Pack tiny_pack(const std::vector<std::vector<std::int32_t>>& documents,
                                   std::span<const int> which);

// One rank's engine over the tiny model.
struct TinyEngine {
  TinyEngine(const models::DecoderModel& model, dist::ProcessGroup& world, sharding::GridShape shape,
             sharding::StoreOptions options, std::optional<at::ScalarType> reduction = {},
             sharding::Placement placement = {});
  sharding::Grid grid;
  sharding::WeightStore weights;
  sharding::GradientStore gradients;
};

// The whole gradient [index.size()] float64, gathered from the parts over the shard group (same on every
// rank).
[[nodiscard]] at::Tensor whole_gradient(const models::ParameterIndex& index,
                                        sharding::GradientStore& gradients);

// Largest over tensors of |a - b|_2 / max(|b|_2, tiny).
[[nodiscard]] double largest_tensor_difference(const models::ParameterIndex& index, const at::Tensor& a,
                                               const at::Tensor& b);

}  // namespace lethe::testing
