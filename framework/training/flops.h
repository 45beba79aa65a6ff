// What an update costs in arithmetic, and what the cores could do: together the model FLOP utilisation.
#pragma once

#include <span>

#include "framework/models/decoder_model.h"
#include "framework/sharding/gradient_store.h"
#include "framework/training/train_step.h"

namespace lethe::training {

// Multiplications and additions of the matrix products of one update over all ranks, the definition of model
// FLOPs: what the model needs (a layer's products for every token, the head's for scored tokens, causal
// attention), once forward and twice backward; no recomputation, no gradients of what is frozen.
[[nodiscard]] double update_flops(const models::DecoderModel& model, const sharding::GradientStore& gradients,
                                  const TrainingData& data, std::span<const BatchItem> batch);

// FLOP/s of square matrix products in this dtype on this device, all ranks at once, their sum. Collective;
// some 50 ms.
[[nodiscard]] double matmul_peak(const at::TensorOptions& options, dist::ProcessGroup& world);

}  // namespace lethe::training
