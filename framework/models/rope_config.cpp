#include "framework/models/rope_config.h"

#include "framework/base/error.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

void read_llama3(const ConfigReader& reader, RopeScaling& scaling) {
  scaling.low_freq_factor = reader.positive("low_freq_factor");
  scaling.high_freq_factor = reader.positive("high_freq_factor");
  scaling.original_max_positions =
      reader.integer("original_max_position_embeddings", 1, std::int64_t{1} << 31);
  if (scaling.high_freq_factor <= scaling.low_freq_factor)
    reader.refuse("high_freq_factor", "must be above low_freq_factor");
}

void read_scaling(const ConfigReader& reader, RopeScaling& scaling) {
  // "type" is the older word for "rope_type".
  scaling.type = reader.text_or("rope_type", reader.text_or("type", "default"));
  if (scaling.type == "default") return;
  if (scaling.type != "linear" && scaling.type != "llama3") {
    fail("model.rope", fmt::format("rope type \"{}\" is not supported", printable(scaling.type, 24)),
         "supported: default, linear, llama3");
  }
  scaling.factor = reader.positive("factor");
  if (scaling.type == "llama3") read_llama3(reader, scaling);
}

}  // namespace

void read_rope(const ConfigReader& reader, HfConfig& config) {
  config.rope_theta = reader.positive_or("rope_theta", config.rope_theta);
  if (const auto scaling = reader.object("rope_scaling")) read_scaling(*scaling, config.rope_scaling);
  const auto parameters = reader.object("rope_parameters");
  if (!parameters) return;
  config.rope_theta = parameters->positive_or("rope_theta", config.rope_theta);
  const double rotated = parameters->positive_or("partial_rotary_factor", 1.0);
  if (rotated != 1.0)
    parameters->refuse("partial_rotary_factor", "is not supported with this value; supported: 1.0");
  read_scaling(*parameters, config.rope_scaling);
}

}  // namespace lethe::models
