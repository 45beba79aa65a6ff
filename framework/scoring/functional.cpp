#include "framework/scoring/functional.h"

#include <cmath>
#include <limits>
#include <utility>

#include "framework/base/error.h"

namespace lethe::scoring {
namespace {

double in_mode(Mode mode, const PassValues& pass, std::size_t at, const SampleBase& base) {
  if (base.tokens == 0) return std::numeric_limits<double>::quiet_NaN();
  if (mode == Mode::aggregate) return pass.difference[at] / base.log_prob_sum;
  return mode == Mode::sum ? pass.ratio[at] : pass.ratio[at] / static_cast<double>(base.tokens);
}

}  // namespace

Functional::Functional(ScoredModel& model, Mode mode, Noise noise)
    : model_(model), mode_(mode), noise_(std::move(noise)), base_(model.base_pass()) {}

std::vector<double> Functional::in_mode(const PassValues& pass, std::span<const std::int64_t> samples,
                                        double factor) const {
  const std::size_t count = samples.empty() ? base_.size() : samples.size();
  LETHE_CHECK(pass.ratio.size() == count && pass.difference.size() == count, "{} values of {} samples",
              pass.ratio.size(), count);
  std::vector<double> row(count);
  for (std::size_t at = 0; at < count; ++at) {
    const std::size_t sample = samples.empty() ? at : static_cast<std::size_t>(samples[at]);
    row[at] = factor * scoring::in_mode(mode_, pass, at, base_[sample]);
  }
  return row;
}

std::vector<std::vector<double>> Functional::values(std::span<const Perturbation> perturbations,
                                                    std::span<const std::int64_t> samples) const {
  const auto passes = model_.perturbed_passes(noise_, perturbations, samples);
  LETHE_CHECK(passes.size() == perturbations.size(), "{} passes for {} perturbations", passes.size(),
              perturbations.size());
  std::vector<std::vector<double>> values;
  for (const PassValues& pass : passes) values.push_back(in_mode(pass, samples, 1));
  if (samples.empty()) full_passes_ += static_cast<std::int64_t>(perturbations.size());
  return values;
}

std::vector<Functional::Orders> Functional::orders(std::span<const DirectionGroup> groups, SecondOrder how,
                                                   std::span<const std::int64_t> samples) const {
  const auto passes = model_.derivative_passes(noise_, groups, samples, how);
  LETHE_CHECK(passes.size() == groups.size(), "{} passes for {} groups", passes.size(), groups.size());
  std::vector<Orders> orders;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto directions = static_cast<double>(groups[g].count);
    orders.push_back({in_mode(passes[g].second, samples, -0.5 / directions),
                      in_mode(passes[g].first, samples, -1 / std::sqrt(directions))});
  }
  if (samples.empty()) full_passes_ += static_cast<std::int64_t>(groups.size());
  return orders;
}

double Functional::per_token(double value, std::int64_t sample) const {
  const SampleBase& base = base_[static_cast<std::size_t>(sample)];
  return mode_ == Mode::sum ? value / static_cast<double>(base.tokens) : value;
}

}  // namespace lethe::scoring
