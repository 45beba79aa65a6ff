// Log-probability of each row's target, in margin form: with s = LSE_{v != t}(z_v - z_t), log p =
// -softplus(s). It keeps its relative accuracy as p tends to 1. Logits [rows, vocab] float32 or bf16, targets
// [rows] in 0 … vocab - 1.
#pragma once

#include "kernels/kernels.h"

namespace lethe::kernels {

// log_prob [rows]; others [rows] = LSE_{v != t} z_v, which the backward needs (-inf where the vocabulary is
// one token).
template <class T>
void token_log_prob_forward(const T* logits, const std::int64_t* targets, std::int64_t rows,
                            std::int64_t vocab, float* log_prob, float* others, Stream stream);

// Adds upstream * d(log_prob)/d(logits) to grad [rows, vocab], which may not be `logits`.
template <class T>
void token_log_prob_backward(const T* logits, const std::int64_t* targets, const float* others,
                             const float* upstream, std::int64_t rows, std::int64_t vocab, T* grad,
                             Stream stream);

}  // namespace lethe::kernels
