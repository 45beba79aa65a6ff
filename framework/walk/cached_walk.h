// The walk of generation: hidden states of new tokens, whose attention the caller supplies (it owns the
// cache), and the logits that follow from them. No graph is kept. Same blocks, same slots as every other
// walk.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>

#include "framework/models/decoder_model.h"
#include "framework/sharding/weight_store.h"

namespace lethe::walk {

// Of layer `layer`: attends with q, k, v as in models::Attend.
using LayerAttend =
    std::function<at::Tensor(int layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v)>;

// ids [tokens] int64, on the store's device, with their positions -> hidden [tokens, width]. An empty list
// still gathers every block.
[[nodiscard]] at::Tensor run_blocks(const models::DecoderModel& model, sharding::WeightStore& store,
                                    const at::Tensor& ids, std::span<const std::int64_t> positions,
                                    const LayerAttend& attend);

// hidden [rows, width] -> logits [rows, vocab] float32 (float64 in float64 runs).
[[nodiscard]] at::Tensor logits_of(const models::DecoderModel& model, sharding::WeightStore& store,
                                   const at::Tensor& hidden);

}  // namespace lethe::walk
