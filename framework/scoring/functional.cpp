#include "framework/scoring/functional.h"

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

std::vector<std::vector<double>> Functional::values(std::span<const Perturbation> perturbations,
                                                    std::span<const std::int64_t> samples) const {
  const auto passes = model_.perturbed_passes(noise_, perturbations, samples);
  LETHE_CHECK(passes.size() == perturbations.size(), "{} passes for {} perturbations", passes.size(),
              perturbations.size());
  const std::size_t count = samples.empty() ? base_.size() : samples.size();
  std::vector<std::vector<double>> values;
  for (const PassValues& pass : passes) {
    LETHE_CHECK(pass.ratio.size() == count && pass.difference.size() == count, "{} values of {} samples",
                pass.ratio.size(), count);
    auto& row = values.emplace_back(count);
    for (std::size_t at = 0; at < count; ++at) {
      row[at] = in_mode(mode_, pass, at, base_[samples.empty() ? at : static_cast<std::size_t>(samples[at])]);
    }
  }
  if (samples.empty()) full_passes_ += static_cast<std::int64_t>(perturbations.size());
  return values;
}

double Functional::per_token(double value, std::int64_t sample) const {
  const SampleBase& base = base_[static_cast<std::size_t>(sample)];
  return mode_ == Mode::sum ? value / static_cast<double>(base.tokens) : value;
}

}  // namespace lethe::scoring
