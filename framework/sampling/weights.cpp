#include "framework/sampling/weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/statistics.h"

namespace lethe::sampling {
namespace {

// What a score that may be noise counts as, so that noise is never favoured: debiased where large scores are,
// and no smaller than its error where small ones are.
double magnitude(double score, double error, double power) {
  if (power < 0 && std::isfinite(score) && std::isfinite(error) && !base::is_resolved(score, error))
    return std::max(std::abs(score), error);
  return base::debiased_magnitude(score, error);
}

// m_i before the power, per token in mode mean.
std::vector<double> magnitudes(const ScoreView& view, Mode mode, double power) {
  std::vector<double> m(view.scores.size());
  for (std::size_t i = 0; i < m.size(); ++i) {
    const double error = view.errors.empty() ? 0 : view.errors[i];
    m[i] = magnitude(view.scores[i], error, power);
    if (mode == Mode::mean) m[i] /= static_cast<double>(view.tokens[i]);
  }
  return m;
}

void replace_non_finite(std::vector<double>& m) {
  const double median = base::median_of_finite(m);
  std::int64_t replaced = 0;
  for (double& value : m) {
    if (std::isfinite(value)) continue;
    ++replaced;
    value = std::isfinite(median) ? median : 0;
  }
  if (replaced > 0)
    base::warn_once("sampling.nonfinite",
                    fmt::format("{} of {} samples have a score or loss that is no number; they count as the "
                                "median of the others",
                                replaced, m.size()));
}

// Relative to the score that gets the largest weight, so that no power overflows and a common factor of all
// scores drops out. Under a negative power a score of zero counts as the smallest positive one: nothing is
// infinitely likely.
void raise(std::vector<double>& m, double power) {
  const double largest = *std::max_element(m.begin(), m.end());
  double smallest = largest;
  for (const double value : m) {
    if (value > 0) smallest = std::min(smallest, value);
  }
  for (double& value : m) {
    const double relative = power < 0 ? std::max(value, smallest) / smallest : value / largest;
    value = power == 1 ? relative : (power == 0 ? 1 : std::pow(relative, power));
  }
}

std::vector<double> shares(const std::vector<double>& m, double floor) {
  const double sum = std::accumulate(m.begin(), m.end(), 0.0), even = 1.0 / static_cast<double>(m.size());
  std::vector<double> p(m.size());
  for (std::size_t i = 0; i < m.size(); ++i) p[i] = (1 - floor) * (m[i] / sum) + floor * even;
  return p;
}

}  // namespace

void read(config::Section& section, WeightOptions& options) {
  section
      .optional("power", options.power, "weights are scores to this power; negative favours small scores",
                config::between(-64, 64))
      .optional("floor", options.floor, "share of the draws that is spread evenly, so that no sample starves",
                config::between(0, 1));
}

Weights equal_weights(std::int64_t count) {
  Weights weights;
  weights.probability.assign(static_cast<std::size_t>(count), 1.0 / static_cast<double>(count));
  weights.effective_samples = static_cast<double>(count);
  return weights;
}

Weights make_weights(const ScoreView& view, Mode mode, const WeightOptions& options) {
  LETHE_CHECK(!view.scores.empty(), "weights of no sample");
  LETHE_CHECK(view.errors.empty() || view.errors.size() == view.scores.size(), "{} errors of {} scores",
              view.errors.size(), view.scores.size());
  LETHE_CHECK(mode == Mode::sum || view.tokens.size() == view.scores.size(), "{} token counts of {} scores",
              view.tokens.size(), view.scores.size());
  std::vector<double> m = magnitudes(view, mode, options.power);
  replace_non_finite(m);
  if (*std::max_element(m.begin(), m.end()) > 0) {
    raise(m, options.power);
  } else {
    base::warn_once("sampling.equal", "no sample has a score above zero; all are drawn equally often");
    std::fill(m.begin(), m.end(), 1.0);
  }
  Weights weights;
  weights.probability = shares(m, options.floor);
  weights.effective_samples = base::effective_sample_size(weights.probability);
  return weights;
}

}  // namespace lethe::sampling
