// Measures of a whole model: means, the Kolmogorov–Smirnov test behind forget quality, model utility, the
// area under the ROC curve and what is made of it. Everything is float64.
#pragma once

#include <optional>
#include <span>

namespace lethe::evaluation {

// Summed in order; NaN for no values.
[[nodiscard]] double mean(std::span<const double> values);

// 1 / mean(1/v), 0 as soon as one value is 0. Model utility is this over its nine parts. Errors: eval.range
// (< 0).
[[nodiscard]] double harmonic_mean(std::span<const double> values);

struct KolmogorovSmirnov {
  double statistic = 0;  // the largest distance between the two empirical distributions
  double p_value =
      1;  // two-sided, exact: of all orders of the pooled values, how many are at least as far apart
};

// Exact for every pair of sizes (never an asymptotic form). A NaN in a sample makes both results NaN.
// Errors: eval.empty. Time: n log n for equal sizes, else n1 * n2.
[[nodiscard]] KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> first,
                                                   std::span<const double> second);

// The p-value between the truth ratios of this model and of one trained without the forget set.
[[nodiscard]] double forget_quality(std::span<const double> ratios,
                                    std::span<const double> retain_model_ratios);

// P(holdout > forget) + P(equal)/2 of loss-like scores: 1 = the forget set stands out as seen, 0.5 = it does
// not. Errors: eval.empty.
[[nodiscard]] double attack_auc(std::span<const double> forget_scores,
                                std::span<const double> holdout_scores);

// 100 (v - reference) / (reference + 1e-10)
[[nodiscard]] double relative_difference(double value, double reference);
// The relative difference of 1 - AUC; the reference AUC is the retrained model's, or 0.5. 0 is ideal;
// negative: under-unlearned.
[[nodiscard]] double privacy_leakage(double auc, double reference_auc = 0.5);

}  // namespace lethe::evaluation
