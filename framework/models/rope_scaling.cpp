#include "framework/models/rope_scaling.h"

#include <numbers>

namespace lethe::models {
namespace {

// `kept` is how much of the frequency stays: 1 for waves shorter than original/high, 0 for longer than
// original/low.
double llama3_frequency(double frequency, const RopeScaling& s) {
  const double wavelength = 2 * std::numbers::pi / frequency;
  const double original = static_cast<double>(s.original_max_positions);
  if (wavelength < original / s.high_freq_factor) return frequency;
  if (wavelength > original / s.low_freq_factor) return frequency / s.factor;
  const double kept = (original / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - kept) * frequency / s.factor + kept * frequency;
}

}  // namespace

std::vector<double> scaled_frequencies(std::vector<double> frequencies, const RopeScaling& scaling) {
  for (double& frequency : frequencies) {
    if (scaling.type == "linear") frequency /= scaling.factor;
    if (scaling.type == "llama3") frequency = llama3_frequency(frequency, scaling);
  }
  return frequencies;
}

}  // namespace lethe::models
