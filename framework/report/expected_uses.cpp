#include "framework/report/expected_uses.h"

#include <algorithm>
#include <cmath>

namespace lethe::report {
namespace {

using Weights = std::vector<records::SampleWeight>;

// Draws without replacement are a race: sample i arrives after an exponential time of rate p_i, and the first
// `size` are the batch. Of those that have arrived by time t, i is one with this chance.
double arrived(const records::SampleWeight& sample, double time) {
  return sample.probability > 0 ? -std::expm1(-sample.probability * time) : 0;
}

double arrivals(const Weights& weights, double time) {
  double sum = 0;
  for (const records::SampleWeight& sample : weights) sum += arrived(sample, time);
  return sum;
}

// When as many as a batch holds are expected to have arrived. More than that have a weight.
double end_of_race(const Weights& weights, double size) {
  double early = 0, late = 1;
  while (arrivals(weights, late) < size && std::isfinite(late)) {
    early = late;
    late *= 2;
  }
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = early + (late - early) / 2;
    (arrivals(weights, middle) < size ? early : late) = middle;
  }
  return late;
}

// All that have a weight are in the batch; the others share what is left of it.
std::vector<double> all_and_some(const Weights& weights, double with_weight, double size) {
  const double share =
      (size - with_weight) / std::max(1.0, static_cast<double>(weights.size()) - with_weight);
  std::vector<double> uses;
  for (const records::SampleWeight& sample : weights) uses.push_back(sample.probability > 0 ? 1 : share);
  return uses;
}

}  // namespace

std::vector<double> expected_uses(const records::SamplerRecord& sampler, std::size_t size) {
  const auto draws = static_cast<double>(size);
  const auto with_weight = static_cast<double>(std::ranges::count_if(
      sampler.weights, [](const records::SampleWeight& sample) { return sample.probability > 0; }));
  const bool repeats = sampler.with_replacement || size == 1;  // one draw repeats nothing
  if (!repeats && draws >= with_weight) return all_and_some(sampler.weights, with_weight, draws);
  const double time = repeats ? draws : end_of_race(sampler.weights, draws);
  std::vector<double> uses;
  for (const records::SampleWeight& sample : sampler.weights)
    uses.push_back(repeats ? sample.probability * draws : arrived(sample, time));
  return uses;
}

}  // namespace lethe::report
