#include "framework/scaling/time_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <vector>

namespace lethe::scaling {
namespace {

constexpr std::size_t kTerms = 3;  // serial, shared, exchange
using Row = std::array<double, kTerms>;

Row factors(int ranks) { return {1.0, 1.0 / ranks, std::log2(static_cast<double>(ranks))}; }

double value(const Row& terms, int ranks) {
  const Row f = factors(ranks);
  return terms[0] * f[0] + terms[1] * f[1] + terms[2] * f[2];
}

double error_of(const Row& terms, std::span<const Timing> timings) {
  double sum = 0;
  for (const Timing& t : timings) sum += std::pow(value(terms, t.ranks) / t.seconds - 1, 2);
  return sum;
}

// Solves the normal equations of the chosen terms by elimination; nothing where they do not determine the
// terms.
std::optional<Row> least_squares(std::span<const Timing> timings, const std::vector<std::size_t>& chosen) {
  const std::size_t n = chosen.size();
  std::vector<std::vector<double>> m(n, std::vector<double>(n + 1, 0));
  for (const Timing& t : timings) {
    const Row f = factors(t.ranks);
    for (std::size_t i = 0; i < n; ++i) {
      const double fi = f[chosen[i]] / t.seconds;
      for (std::size_t j = 0; j < n; ++j) m[i][j] += fi * f[chosen[j]] / t.seconds;
      m[i][n] += fi;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t r = i + 1; r < n; ++r)
      if (std::abs(m[r][i]) > std::abs(m[i][i])) std::swap(m[r], m[i]);
    if (std::abs(m[i][i]) < 1e-12) return std::nullopt;
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double factor = m[r][i] / m[i][i];
      for (std::size_t c = i; c <= n; ++c) m[r][c] -= factor * m[i][c];
    }
  }
  Row terms{};
  for (std::size_t i = 0; i < n; ++i) terms[chosen[i]] = m[i][n] / m[i][i];
  return terms;
}

// Terms that the timings can tell apart, the most telling first.
std::vector<std::size_t> terms_for(Kind kind, std::size_t worlds) {
  std::vector<std::size_t> order =
      kind == Kind::strong ? std::vector<std::size_t>{1, 0, 2} : std::vector<std::size_t>{0, 2};
  order.resize(std::min(order.size(), worlds));
  return order;
}

}  // namespace

double TimeModel::seconds(int ranks) const { return value({serial, shared, exchange}, ranks); }

TimeModel fit(Kind kind, std::span<const Timing> timings) {
  std::set<int> worlds;
  for (const Timing& t : timings) worlds.insert(t.ranks);
  const auto candidates = terms_for(kind, worlds.size());
  Row best{};
  double least = INFINITY;
  // With so few terms the best one without negative terms is found by trying every subset.
  for (unsigned subset = 1; subset < 1u << candidates.size(); ++subset) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if ((subset >> i & 1u) != 0) chosen.push_back(candidates[i]);
    const auto terms = least_squares(timings, chosen);
    if (!terms || std::ranges::any_of(*terms, [](double term) { return term < 0; })) continue;
    if (const double error = error_of(*terms, timings); error < least) least = error, best = *terms;
  }
  TimeModel model{.serial = best[0], .shared = best[1], .exchange = best[2]};
  for (const Timing& t : timings)
    model.worst_error = std::max(model.worst_error, std::abs(model.seconds(t.ranks) / t.seconds - 1));
  return model;
}

}  // namespace lethe::scaling
