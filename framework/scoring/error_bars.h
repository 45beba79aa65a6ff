// How sure the scores are, and when to stop. All from a[k][i]: draw k, sample i, in float64 and in canonical
// order, so that every rank takes the same decision. A sample with a value that is no number is left out of
// the figures over samples.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/config/section.h"

namespace lethe::scoring {

using Draws = std::span<const std::vector<double>>;

[[nodiscard]] std::vector<double> means(Draws draws);
[[nodiscard]] std::vector<double> standard_errors(Draws draws);  // sd (K - 1) / sqrt K; NaN below two draws

// TV_hat: the expected total-variation distance of p ~ |mean a| from the p of infinitely many draws, from the
// linearised residuals e[k][i] = (a[k][i] - p_i sum_j a[k][j]) / sum_j m_j, which know that the samples share
// their noise. 1 where nothing can be said: below two draws, or no value above zero.
[[nodiscard]] double expected_total_variation(Draws draws);

// Split-half reliability of the ranking by |mean a|: Spearman rho between even and odd draws, stepped up to
// all draws by 2 rho / (1 + rho); 0 where rho is not positive, NaN below two draws or two samples.
[[nodiscard]] double ranking_reliability(Draws draws);

struct StopOptions {
  double weights = 0.03;            // stop when TV_hat is at most this …
  std::optional<double> ranking{};  // … and, where set, the ranking's reliability at least this
  std::int64_t min_draws = 4;
  std::int64_t max_draws = 64;
};
[[nodiscard]] StopOptions read_stop(config::Section section);

[[nodiscard]] bool enough(Draws draws, const StopOptions& stop);
// Is the ranking less reliable than asked? One that nothing can be said of (NaN: a single sample) is not.
[[nodiscard]] bool ranking_missed(double reliability, const StopOptions& stop);

}  // namespace lethe::scoring
