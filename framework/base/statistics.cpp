#include "framework/base/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "framework/base/error.h"

namespace lethe::base {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kExactSide = 10000;

// Given that a random order of both samples ends at (i, j), the chance that it has somewhere been `limit` or
// more apart
// (|i m - j n| >= limit). Only positive terms, so tiny p-values keep their relative accuracy.
double exact_tail(std::int64_t n, std::int64_t m, std::int64_t limit) {
  if (limit <= 0) return 1;
  std::vector<double> touched(static_cast<std::size_t>(m) + 1);
  for (std::int64_t i = 0; i <= n; ++i) {
    for (std::int64_t j = 0; j <= m; ++j) {
      const double above = i > 0 ? touched[j] : 0, left = j > 0 ? touched[j - 1] : 0;
      const bool outside = std::abs(i * m - j * n) >= limit;
      const double steps = static_cast<double>(i + j);
      touched[j] = outside ? 1 : (i + j == 0 ? 0 : (i / steps) * above + (j / steps) * left);
    }
  }
  return std::min(1.0, touched[m]);
}

double asymptotic_tail(double n, double m, double distance) {
  const double x = distance * std::sqrt(n * m / (n + m));
  if (x < 0.2) return 1;
  double sum = 0;
  for (int k = 1; k <= 100; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return std::clamp(sum, 0.0, 1.0);
}

}  // namespace

double mean(std::span<const double> values) {
  if (values.empty()) return kNone;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return kNone;
  const double centre = mean(values);
  double sum = 0;
  for (const double v : values) sum += (v - centre) * (v - centre);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double median_of_finite(std::span<const double> values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double v) { return std::isfinite(v); });
  if (finite.empty()) return kNone;
  std::sort(finite.begin(), finite.end());
  const std::size_t half = finite.size() / 2;
  return finite.size() % 2 == 1 ? finite[half] : finite[half - 1] + (finite[half] - finite[half - 1]) / 2;
}

std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    LETHE_CHECK(last > first, "a NaN has no rank");
    for (std::size_t k = first; k < last; ++k) result[order[k]] = 0.5 * static_cast<double>(first + last + 1);
  }
  return result;
}

double pearson(std::span<const double> a, std::span<const double> b) {
  LETHE_CHECK(a.size() == b.size(), "correlation of {} with {} values", a.size(), b.size());
  if (a.size() < 2) return kNone;
  const double centre_a = mean(a), centre_b = mean(b);
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] - centre_a, y = b[i] - centre_b;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return aa > 0 && bb > 0 ? std::clamp(ab / (std::sqrt(aa) * std::sqrt(bb)), -1.0, 1.0) : kNone;
}

double spearman(std::span<const double> a, std::span<const double> b) { return pearson(ranks(a), ranks(b)); }

double effective_sample_size(std::span<const double> weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(sum > 0)) return 0;
  double squares = 0;
  for (const double w : weights) squares += (w / sum) * (w / sum);
  return 1 / squares;
}

bool is_resolved(double mean, double standard_error) {
  return std::isfinite(mean) && mean != 0 && std::abs(mean) >= 3 * standard_error;
}

double debiased_magnitude(double mean, double standard_error) {
  if (is_resolved(mean, standard_error) || !std::isfinite(mean) || !std::isfinite(standard_error)) {
    return std::abs(mean);
  }
  return std::sqrt(std::max(mean * mean - standard_error * standard_error, 0.0));
}

KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> a, std::span<const double> b) {
  LETHE_CHECK(!a.empty() && !b.empty(), "Kolmogorov-Smirnov of an empty sample");
  const auto is_nan = [](double v) { return std::isnan(v); };
  LETHE_CHECK(std::none_of(a.begin(), a.end(), is_nan) && std::none_of(b.begin(), b.end(), is_nan),
              "Kolmogorov-Smirnov of a sample with a NaN");
  std::vector<double> x(a.begin(), a.end()), y(b.begin(), b.end());
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  const auto n = static_cast<std::int64_t>(x.size()), m = static_cast<std::int64_t>(y.size());
  std::int64_t i = 0, j = 0, widest = 0;  // |i/n - j/m| n m, in integers
  while (i < n && j < m) {
    const double at = std::min(x[i], y[j]);
    while (i < n && x[i] <= at) ++i;
    while (j < m && y[j] <= at) ++j;
    widest = std::max(widest, std::abs(i * m - j * n));
  }
  const double distance = static_cast<double>(widest) / (static_cast<double>(n) * static_cast<double>(m));
  const bool exact = n <= kExactSide && m <= kExactSide;
  return {distance, exact ? exact_tail(n, m, widest)
                          : asymptotic_tail(static_cast<double>(n), static_cast<double>(m), distance)};
}

}  // namespace lethe::base
