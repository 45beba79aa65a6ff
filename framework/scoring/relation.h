// How a characteristic of samples goes with their scores.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace lethe::scoring {

// A rank correlation with its 95 % interval (Fisher's z; the standard error of Spearman's rho after Fieller
// et al. 1957, sqrt(1.06 / (n - 3 - controls))). NaN where a side does not vary or there are too few samples.
struct RankCorrelation {
  double rho = 0, low = 0, high = 0;
  std::string_view undefined = "";  // why there is none: "too few samples", "constant", …
};

// Samples with a value that is no number are left out.
[[nodiscard]] RankCorrelation rank_correlation(std::span<const double> scores,
                                               std::span<const double> values);

// The same between what is left of the ranks after a least-squares fit on the ranks of the controls.
[[nodiscard]] RankCorrelation partial_rank_correlation(std::span<const double> scores,
                                                       std::span<const double> values,
                                                       const std::vector<std::span<const double>>& controls);

// Means of `values` over the quarter of the samples with the largest scores (read as easy) and with the
// smallest. NaN where there are fewer than four samples, or all have the same score.
struct QuartileMeans {
  double easy = 0, hard = 0;
};
[[nodiscard]] QuartileMeans quartile_means(std::span<const double> scores, std::span<const double> values);

}  // namespace lethe::scoring
