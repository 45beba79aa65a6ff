// The model whose memory and time the tests of planning work out by hand.
#pragma once

#include "framework/models/decoder_model.h"

namespace lethe::planning {

// Embedding 80 elements; a layer 64 + 32 + 32 + 64 + 3 * 96 + 16 = 496; final norm 8; an untied head 80.
inline models::DecoderModel small_model(bool tied = true) {
  return models::make_decoder_model({.vocab_size = 10,
                                     .hidden_size = 8,
                                     .intermediate_size = 12,
                                     .num_layers = 2,
                                     .num_heads = 4,
                                     .num_kv_heads = 2,
                                     .head_dim = 2,
                                     .tie_word_embeddings = tied});
}

}  // namespace lethe::planning
