// log p(target) of each token as a jet, straight from the head's inputs: the vocabulary is walked in slices,
// so neither the logits of a pack nor a direction of the whole head exist at once.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/ops/jet.h"

namespace lethe::ops {

struct LogProbJet {
  at::Tensor value;   // [tokens] P, float32 (float64 in float64 runs)
  at::Tensor first;   // [directions, tokens] P1_d
  at::Tensor second;  // [tokens] sum over directions of P2_d
};

// Margin form, with m = LSE_{v != t}(z_v - z_t) and q = sigmoid(m):
//   P = -softplus(m), P1 = -q m1, P2 = -(q m2 + q (1 - q) m1^2),
// which keep their relative accuracy, and that of P2 / P, as p -> 1. inputs [tokens, width], weight [vocab,
// width], targets [tokens] int64.
[[nodiscard]] LogProbJet log_prob(const Jet& inputs, const JetWeight& weight, const at::Tensor& targets);

}  // namespace lethe::ops
