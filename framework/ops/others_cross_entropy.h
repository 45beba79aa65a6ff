// Cross entropy against a teacher's beliefs about all tokens but the target: -sum_v T_v log p_v with T =
// softmax of the teacher's logits without the target. The teacher is a constant, so d/dz = p - T. CE-U's
// loss, and half of UNDIAL's.
#pragma once

#include <ATen/core/Tensor.h>

namespace lethe::ops {

// Softmax over all tokens but the target, which gets 0: [chunk, vocab].
[[nodiscard]] at::Tensor beliefs_about_others(const at::Tensor& logits, const at::Tensor& targets);
// logits, teacher [chunk, vocab], targets [chunk] -> [chunk].
[[nodiscard]] at::Tensor others_cross_entropy(const at::Tensor& logits, const at::Tensor& teacher,
                                              const at::Tensor& targets);
// Adds upstream * (p - T) to grad [chunk, vocab].
void add_others_cross_entropy_backward(const at::Tensor& logits, const at::Tensor& teacher,
                                       const at::Tensor& targets, const at::Tensor& upstream,
                                       at::Tensor& grad);

}  // namespace lethe::ops
