// The ops as CUDA kernels (kernels/), forward and backward in one pass each, over tensors. An op's own file
// asks takes() and keeps its reference beside it. Built with a CUDA toolkit (fused_layers.cpp,
// fused_flat.cpp) or not (no_fused.cpp: takes() is false). Internal to ops.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "framework/base/random.h"
#include "framework/ops/adamw.h"

namespace lethe::ops::fused {

// The kernels are built, and `x` lies on a GPU as float32 or bf16.
[[nodiscard]] bool takes(const at::Tensor& x);

// As ops::rms_norm, rope (cos, sin [tokens, …, head_dim / 2]) and swiglu; autograd follows them.
[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gain, double eps);
[[nodiscard]] at::Tensor rope(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);
[[nodiscard]] at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

// log p of each row's target, margin form: logits [rows, vocab], targets [rows] -> [rows] float32.
[[nodiscard]] at::Tensor log_prob(const at::Tensor& logits, const at::Tensor& targets);
// Adds upstream * d(log_prob)/d(logits) to grad; upstream [rows].
void add_log_prob_backward(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& upstream,
                           at::Tensor& grad);

// Flat float32 tensors of one length.
void adamw(const at::Tensor& weights, const at::Tensor& gradients, const at::Tensor& first_moment,
           const at::Tensor& second_moment, const AdamWStep& step);
// out = weights + step * z of canonical elements first, first + 1, …; flat float32 tensors.
void add_noise(const at::Tensor& weights, const at::Tensor& out, std::uint64_t first,
               const base::StreamKey& key, double step);

}  // namespace lethe::ops::fused
