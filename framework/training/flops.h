// What an update costs in arithmetic, and what the cores could do: together the model FLOP utilisation.
#pragma once

#include <span>

#include "framework/models/decoder_model.h"
#include "framework/sharding/gradient_store.h"
#include "framework/training/train_step.h"

namespace lethe::training {

// Model FLOPs (models/flops.h) of one update over all ranks: of the documents and the layers that its
// objective reads.
[[nodiscard]] double update_flops(const models::DecoderModel& model, const sharding::GradientStore& gradients,
                                  const objectives::Needs& needs, const TrainingData& data,
                                  std::span<const BatchItem> batch);

// FLOP/s of square matrix products in this dtype on this device, all ranks at once, their sum. Collective;
// some 50 ms.
[[nodiscard]] double matmul_peak(const at::TensorOptions& options, dist::ProcessGroup& world);

}  // namespace lethe::training
