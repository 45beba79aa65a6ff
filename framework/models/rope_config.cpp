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

// What one of the two objects asks for. `theta`: where it states none.
struct Rotary {
  double theta = 0;
  RopeScaling scaling;

  bool operator==(const Rotary&) const = default;
};

Rotary read_rotary(const ConfigReader& reader, double theta) {
  Rotary rotary{.theta = reader.positive_or("rope_theta", theta)};
  const double rotated = reader.positive_or("partial_rotary_factor", 1.0);
  if (rotated != 1.0)
    reader.refuse("partial_rotary_factor", "is not supported with this value; supported: 1.0");
  read_scaling(reader, rotary.scaling);
  return rotary;
}

std::string shown(const Rotary& rotary) {
  return fmt::format("{}, factor {}, rope_theta {}", rotary.scaling.type, rotary.scaling.factor,
                     rotary.theta);
}

// transformers 4 reads the one and transformers 5 the other, or both: no choice is right for everyone.
void refuse_disagreement(const Rotary& scaling, const Rotary& parameters) {
  if (scaling == parameters) return;
  fail("model.rope",
       fmt::format("config.json: rope_scaling ({}) and rope_parameters ({}) disagree", shown(scaling),
                   shown(parameters)),
       "remove the one that the model was not trained with");
}

}  // namespace

void read_rope(const ConfigReader& reader, HfConfig& config) {
  config.rope_theta = reader.positive_or("rope_theta", config.rope_theta);
  const auto scaling = reader.object("rope_scaling"), parameters = reader.object("rope_parameters");
  if (!scaling && !parameters) return;
  const Rotary rotary = read_rotary(parameters ? *parameters : *scaling, config.rope_theta);
  if (scaling) refuse_disagreement(read_rotary(*scaling, config.rope_theta), rotary);
  config.rope_theta = rotary.theta;
  config.rope_scaling = rotary.scaling;
}

}  // namespace lethe::models
