// Weights plus noise that is a function of the canonical index: what a perturbed pass sees.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "framework/base/random.h"

namespace lethe::ops {

// out = weights + step * z of canonical elements first, first + 1, …; key.stream: rademacher or gaussian.
// Flat, one length, dtype (float32, float64) and device; `out` may be `weights`. On a GPU the kernel.
void add_noise(const at::Tensor& weights, const at::Tensor& out, std::uint64_t first,
               const base::StreamKey& key, double step);

}  // namespace lethe::ops
