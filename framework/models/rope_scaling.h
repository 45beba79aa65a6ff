// How a model stretches its rotary frequencies beyond the positions it was first trained on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lethe::models {

struct RopeScaling {
  std::string type = "default";  // default, linear, llama3
  double factor = 1.0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  // llama3
  std::int64_t original_max_positions = 8192;            // llama3

  bool operator==(const RopeScaling&) const = default;
};

// Frequencies (radians a position) as the model uses them, from theta^(-2i/head_dim).
// linear: f / factor. llama3: long waves are divided by the factor, short ones kept, those between blended.
[[nodiscard]] std::vector<double> scaled_frequencies(std::vector<double> frequencies,
                                                     const RopeScaling& scaling);

}  // namespace lethe::models
