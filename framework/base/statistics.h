// Statistics in float64, folded in the order given: callers hand values over in canonical order (sample id,
// draw), so every rank and every world gets the same bits.
#pragma once

#include <span>
#include <vector>

namespace lethe::base {

// Of no value: NaN. `standard_deviation` divides by n - 1 and is NaN below two values.
[[nodiscard]] double mean(std::span<const double> values);
[[nodiscard]] double standard_deviation(std::span<const double> values);

// The middle of the finite values (the mean of the two middle ones); NaN where none is finite.
[[nodiscard]] double median_of_finite(std::span<const double> values);

// Ranks from 1; equal values share the mean of their ranks. No value may be NaN.
[[nodiscard]] std::vector<double> ranks(std::span<const double> values);

// NaN where a side does not vary or there are fewer than two pairs. Both sides have the same length.
[[nodiscard]] double pearson(std::span<const double> a, std::span<const double> b);
[[nodiscard]] double spearman(std::span<const double> a, std::span<const double> b);

// 1 / sum p^2 after normalising: how many equally likely samples would spread as much. 0 where the sum is not
// positive.
[[nodiscard]] double effective_sample_size(std::span<const double> weights);

// Is a mean told apart from zero by its standard error? (at least three of them, and not exactly zero)
[[nodiscard]] bool is_resolved(double mean, double standard_error);
// |mean|; for a mean that is not resolved, sqrt(max(mean^2 - se^2, 0)), which takes out what the absolute
// value of pure noise would add.
[[nodiscard]] double debiased_magnitude(double mean, double standard_error);

// Two-sample Kolmogorov-Smirnov. The distance is the largest difference of the two empirical distribution
// functions. The p-value is two-sided and exact (ties as if there were none) up to 10,000 values a side,
// asymptotic above.
struct KolmogorovSmirnov {
  double distance = 0;
  double p_value = 1;
};
[[nodiscard]] KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> a, std::span<const double> b);

}  // namespace lethe::base
