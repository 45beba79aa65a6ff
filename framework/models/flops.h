// What an update costs in arithmetic, by the usual definition of model FLOPs.
#pragma once

#include <functional>

#include "framework/models/decoder_model.h"

namespace lethe::models {

// Of one update over all ranks, or of a mean one.
struct BatchTokens {
  double tokens = 0, scored = 0;  // `scored` have logits
  double squared_lengths = 0;     // over documents, for attention
};

// Multiplications and additions of the matrix products of one update: what the model needs (a layer's
// products for every token, the head's for scored tokens, causal attention), once forward and twice backward;
// no recomputation, no gradients of what is frozen. `trains`: by parameter. last_layer: behind which the
// passes end, without the head; -1: they go through all.
[[nodiscard]] double update_flops(const DecoderModel& model, const std::function<bool(int)>& trains,
                                  const BatchTokens& batch, int last_layer = -1);

}  // namespace lethe::models
