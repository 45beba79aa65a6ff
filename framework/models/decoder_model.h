// A decoder as the walk needs it: the canonical index, and which parameter plays which part in which block.
#pragma once

#include <vector>

#include "framework/models/decoder.h"
#include "framework/models/hf_config.h"
#include "framework/models/parameter_index.h"

namespace lethe::models {

// Parameter numbers of one layer; -1 where the family has none.
struct LayerParameters {
  int segment = 0;
  int input_norm = -1, q = -1, k = -1, v = -1, o = -1, q_bias = -1, k_bias = -1, v_bias = -1;
  int post_attention_norm = -1, gate = -1, up = -1, down = -1;
};

struct DecoderModel {
  HfConfig config;
  ParameterIndex index;
  DecoderShape shape;
  std::vector<double> rope_frequencies;            // [head_dim / 2]
  int embedding = -1, final_norm = -1, head = -1;  // head == embedding where tied
  std::vector<LayerParameters> layers;

  int segment_of(int parameter) const { return index.parameters()[parameter].segment; }
};

// From a configuration that read_hf_config() has accepted, by its family.
[[nodiscard]] DecoderModel make_decoder_model(const HfConfig& config);

}  // namespace lethe::models
