#include "framework/evaluation/measures/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "framework/base/error.h"

namespace lethe::evaluation {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  std::ranges::sort(copy);
  return copy;
}

bool has_nan(std::span<const double> values) {
  return std::ranges::any_of(values, [](double v) { return std::isnan(v); });
}

// max |F1 - F2| * n1 * n2 over the pooled points: an integer, so that no rounding decides about a tie.
std::int64_t largest_distance(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n1 = static_cast<std::int64_t>(a.size()), n2 = static_cast<std::int64_t>(b.size());
  std::int64_t i = 0, j = 0, largest = 0;
  while (i < n1 && j < n2) {
    const double at = std::min(a[static_cast<std::size_t>(i)], b[static_cast<std::size_t>(j)]);
    while (i < n1 && a[static_cast<std::size_t>(i)] <= at) ++i;
    while (j < n2 && b[static_cast<std::size_t>(j)] <= at) ++j;
    largest = std::max(largest, std::abs(i * n2 - j * n1));
  }
  return largest;
}

// Equal sizes n, distance h/n (Hodges 1957): 2 (q_1 - q_2 + …), q_k the share of paths that reach k h, nested
// so that nothing cancels.
double p_value_of_equal_sizes(std::int64_t n, std::int64_t h) {
  double p = 0;
  for (std::int64_t k = n / h; k >= 0; --k) {
    double share = 1;
    for (std::int64_t j = 0; j < h; ++j)
      share *= static_cast<double>(n - k * h - j) / static_cast<double>(n + k * h + j + 1);
    p = share * (1 - p);
  }
  return std::clamp(2 * p, 0.0, 1.0);
}

// The pooled order is a random lattice path from (0,0) to (n1,n2), all of them equally likely. Walks all
// paths at once and adds up the probability of touching |i n2 - j n1| >= reach: sums of positive terms, so
// nothing cancels.
double p_value_of_any_sizes(std::int64_t n1, std::int64_t n2, std::int64_t reach) {
  std::vector<double> row(static_cast<std::size_t>(n2) + 1, 0.0);  // probability of being at (i, j) untouched
  row[0] = 1;
  double touched = 0;
  for (std::int64_t i = 0; i <= n1; ++i)
    for (std::int64_t j = 0; j <= n2; ++j) {
      double here = i == 0 && j == 0 ? 1 : 0;
      const auto at = static_cast<std::size_t>(j);
      if (i > 0) here += row[at] * static_cast<double>(n1 - i + 1) / static_cast<double>(n1 + n2 - i - j + 1);
      if (j > 0)
        here += row[at - 1] * static_cast<double>(n2 - j + 1) / static_cast<double>(n1 + n2 - i - j + 1);
      const bool touches = std::abs(i * n2 - j * n1) >= reach;
      if (touches) touched += here;
      row[at] = touches ? 0 : here;
    }
  return std::clamp(touched, 0.0, 1.0);
}

void check_not_empty(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty())
    fail("eval.empty",
         fmt::format("a comparison needs values on both sides, got {} and {}", a.size(), b.size()));
}

}  // namespace

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double harmonic_mean(std::span<const double> values) {
  double inverse_sum = 0;
  for (const double value : values) {
    if (value < 0) fail("eval.range", fmt::format("a harmonic mean needs values >= 0, got {}", value));
    if (value == 0) return 0;
    inverse_sum += 1 / value;
  }
  return static_cast<double>(values.size()) / inverse_sum;
}

KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> first, std::span<const double> second) {
  check_not_empty(first, second);
  if (has_nan(first) || has_nan(second)) return {kNaN, kNaN};
  const auto n1 = static_cast<std::int64_t>(first.size()), n2 = static_cast<std::int64_t>(second.size());
  const std::int64_t reach = largest_distance(sorted(first), sorted(second));
  if (reach == 0) return {0, 1};
  const double p = n1 == n2 ? p_value_of_equal_sizes(n1, reach / n1) : p_value_of_any_sizes(n1, n2, reach);
  return {static_cast<double>(reach) / static_cast<double>(n1 * n2), p};
}

double forget_quality(std::span<const double> ratios, std::span<const double> retain_model_ratios) {
  return kolmogorov_smirnov(ratios, retain_model_ratios).p_value;
}

double attack_auc(std::span<const double> forget_scores, std::span<const double> holdout_scores) {
  check_not_empty(forget_scores, holdout_scores);
  if (has_nan(forget_scores) || has_nan(holdout_scores)) return kNaN;
  const std::vector<double> forget = sorted(forget_scores);
  double wins = 0;
  for (const double score : holdout_scores) {
    const auto [first, last] = std::ranges::equal_range(forget, score);
    wins += static_cast<double>(first - forget.begin()) + 0.5 * static_cast<double>(last - first);
  }
  return wins / (static_cast<double>(forget.size()) * static_cast<double>(holdout_scores.size()));
}

double relative_difference(double value, double reference) {
  return 100 * (value - reference) / (reference + 1e-10);
}

double privacy_leakage(double auc, double reference_auc) {
  return relative_difference(1 - auc, 1 - reference_auc);
}

}  // namespace lethe::evaluation
