// The rotary settings of config.json, in the words of transformers 4 (rope_theta, rope_scaling) and 5
// (rope_parameters).
#pragma once

#include "framework/models/config_reader.h"
#include "framework/models/hf_config.h"

namespace lethe::models {

// Errors: model.rope (a type that the decoder does not know; both objects, and they disagree),
// model.config.json.
void read_rope(const ConfigReader& reader, HfConfig& config);

}  // namespace lethe::models
