#include "framework/scoring/relation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/base/statistics.h"

namespace lethe::scoring {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kNormal95 = 1.959963984540054;

std::vector<double> minus_projection(std::vector<double> x, const std::vector<double>& direction) {
  const double norm = std::inner_product(direction.begin(), direction.end(), direction.begin(), 0.0);
  if (!(norm > 1e-12)) return x;  // a control that the others already hold
  const double share = std::inner_product(x.begin(), x.end(), direction.begin(), 0.0) / norm;
  for (std::size_t i = 0; i < x.size(); ++i) x[i] -= share * direction[i];
  return x;
}

// Ranks less their mean: the constant is the first control.
std::vector<double> centred_ranks(std::span<const double> values) {
  std::vector<double> ranks = base::ranks(values);
  const double centre = base::mean(ranks);
  for (double& rank : ranks) rank -= centre;
  return ranks;
}

bool varies(const std::vector<double>& centred) {
  return std::inner_product(centred.begin(), centred.end(), centred.begin(), 0.0) > 1e-9;
}

RankCorrelation none(std::string_view why) { return {kNone, kNone, kNone, why}; }

RankCorrelation with_interval(double rho, std::size_t samples, std::size_t controls) {
  const double freedom = static_cast<double>(samples) - 3 - static_cast<double>(controls);
  if (!(freedom > 0)) return none("too few samples");
  const double z = std::atanh(std::clamp(rho, -1 + 1e-15, 1 - 1e-15)),
               half = kNormal95 * std::sqrt(1.06 / freedom);
  return {rho, std::tanh(z - half), std::tanh(z + half)};
}

}  // namespace

RankCorrelation rank_correlation(std::span<const double> scores, std::span<const double> values) {
  return partial_rank_correlation(scores, values, {});
}

RankCorrelation partial_rank_correlation(std::span<const double> scores, std::span<const double> values,
                                         const std::vector<std::span<const double>>& controls) {
  std::vector<std::vector<double>> columns(controls.size() + 2);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    double sum = scores[i] + values[i];
    for (const auto& control : controls) sum += control[i];
    if (!std::isfinite(sum)) continue;
    for (std::size_t c = 0; c < controls.size(); ++c) columns[c].push_back(controls[c][i]);
    columns[controls.size()].push_back(scores[i]);
    columns[controls.size() + 1].push_back(values[i]);
  }
  const std::size_t samples = columns.back().size();
  if (samples < 2) return none("too few samples");
  for (auto& column : columns) column = centred_ranks(column);
  const auto& x = columns[controls.size()];
  const auto& y = columns[controls.size() + 1];
  if (!varies(x)) return none("all scores alike");
  if (!varies(y)) return none("constant");
  for (std::size_t c = 0; c < controls.size(); ++c) {  // Gram-Schmidt
    for (std::size_t later = c + 1; later < columns.size(); ++later)
      columns[later] = minus_projection(std::move(columns[later]), columns[c]);
  }
  if (!varies(x) || !varies(y)) return none("nothing left");
  return with_interval(base::pearson(x, y), samples, controls.size());
}

QuartileMeans quartile_means(std::span<const double> scores, std::span<const double> values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isfinite(scores[i]) && std::isfinite(values[i])) order.push_back(i);
  }
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return scores[i]; });
  if (order.empty() || scores[order.front()] == scores[order.back()]) return {kNone, kNone};
  const std::size_t quarter = order.size() / 4;
  std::vector<double> easy, hard;
  for (std::size_t k = 0; k < quarter; ++k) {
    easy.push_back(values[order[k]]);
    hard.push_back(values[order[order.size() - 1 - k]]);
  }
  return {base::mean(easy), base::mean(hard)};
}

}  // namespace lethe::scoring
