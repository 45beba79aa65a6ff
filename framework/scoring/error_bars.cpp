#include "framework/scoring/error_bars.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/statistics.h"

namespace lethe::scoring {
namespace {

std::vector<double> of_sample(Draws draws, std::size_t i, std::size_t first = 0, std::size_t stride = 1) {
  std::vector<double> values;
  for (std::size_t k = first; k < draws.size(); k += stride) values.push_back(draws[k][i]);
  return values;
}

// a[i][k] of the samples whose values are all numbers.
std::vector<std::vector<double>> finite_samples(Draws draws) {
  std::vector<std::vector<double>> samples;
  for (std::size_t i = 0; !draws.empty() && i < draws[0].size(); ++i) {
    auto values = of_sample(draws, i);
    if (std::isfinite(std::accumulate(values.begin(), values.end(), 0.0)))
      samples.push_back(std::move(values));
  }
  return samples;
}

double mean_of_half(const std::vector<double>& values, std::size_t first) {
  double sum = 0;
  for (std::size_t k = first; k < values.size(); k += 2) sum += values[k];
  return sum / static_cast<double>((values.size() + 1 - first) / 2);
}

}  // namespace

std::vector<double> means(Draws draws) {
  std::vector<double> result(draws.empty() ? 0 : draws[0].size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = base::mean(of_sample(draws, i));
  return result;
}

std::vector<double> standard_errors(Draws draws) {
  std::vector<double> result(draws.empty() ? 0 : draws[0].size());
  const double root = std::sqrt(static_cast<double>(draws.size()));
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = base::standard_deviation(of_sample(draws, i)) / root;
  return result;
}

double expected_total_variation(Draws draws) {
  auto samples = finite_samples(draws);
  double total = 0;  // sum_j m_j
  std::vector<double> magnitude;
  for (auto& values : samples) {  // signs as in the mean, so that the mean is the magnitude
    const double centre = base::mean(values);
    if (centre < 0) {
      for (double& value : values) value = -value;
    }
    magnitude.push_back(std::abs(centre));
    total += std::abs(centre);
  }
  if (draws.size() < 2 || !(total > 0)) return 1;
  std::vector<double> sums(draws.size());  // sum_j a[k][j]
  for (const auto& values : samples) {
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += values[k];
  }
  double spread = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t k = 0; k < sums.size(); ++k)
      samples[i][k] = (samples[i][k] - magnitude[i] / total * sums[k]) / total;
    spread += base::standard_deviation(samples[i]);
  }
  return 0.5 * std::sqrt(2 / std::numbers::pi) * spread / std::sqrt(static_cast<double>(draws.size()));
}

double ranking_reliability(Draws draws) {
  const auto samples = finite_samples(draws);
  if (draws.size() < 2 || samples.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> even, odd;
  for (const auto& values : samples) {
    even.push_back(std::abs(mean_of_half(values, 0)));
    odd.push_back(std::abs(mean_of_half(values, 1)));
  }
  const double rho = base::spearman(even, odd);
  return rho > 0 ? 2 * rho / (1 + rho) : (std::isnan(rho) ? rho : 0);
}

bool enough(Draws draws, const StopOptions& stop) {
  const auto count = static_cast<std::int64_t>(draws.size());
  if (count >= stop.max_draws) return true;
  if (count < stop.min_draws) return false;
  if (!(expected_total_variation(draws) <= stop.weights)) return false;
  return !ranking_missed(ranking_reliability(draws), stop);
}

bool ranking_missed(double reliability, const StopOptions& stop) {
  return stop.ranking && reliability < *stop.ranking;  // NaN is below nothing
}

StopOptions read_stop(config::Section section) {
  StopOptions stop;
  section
      .optional(
          "weights", stop.weights,
          "enough draws when the expected total-variation error of the sampling weights is at most this",
          config::above(0))
      .maybe("ranking", stop.ranking, "and when the split-half reliability of the ranking is at least this",
             config::between(0, 1))
      .optional("min_draws", stop.min_draws, "draws made in any case", config::at_least(2))
      .optional("max_draws", stop.max_draws, "draws never exceeded", config::at_least(2));
  section.reject_unknown();
  if (stop.max_draws < stop.min_draws) {
    section.refuse("max_draws", "config.range",
                   fmt::format("must be at least min_draws ({}), got {}", stop.min_draws, stop.max_draws));
  }
  return stop;
}

}  // namespace lethe::scoring
