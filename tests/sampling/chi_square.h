// Pearson's test of counts against expected shares.
#pragma once

#include <boost/math/distributions/chi_squared.hpp>

#include <cstdint>
#include <numeric>
#include <span>

namespace lethe::sampling {

// The chance of counts at least this far from `share` (which sums to 1, all above zero).
inline double chi_square_p_value(std::span<const std::int64_t> counts, std::span<const double> share) {
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  double statistic = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * share[i], off = static_cast<double>(counts[i]) - expected;
    statistic += off * off / expected;
  }
  const boost::math::chi_squared distribution(static_cast<double>(counts.size() - 1));
  return boost::math::cdf(boost::math::complement(distribution, statistic));
}

}  // namespace lethe::sampling
