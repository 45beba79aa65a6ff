// The step sigma_eff of the pairs: large enough to stand above round-off, small enough that f is quadratic.
//
// The measure is c = median_i |mean a_i| / n_i, the mean relative change of a token's log-probability:
// dimensionless, the same on small and large models. Truncation bias is about 0.7 c.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "framework/scoring/estimator.h"

namespace lethe::scoring {

// The c to aim at, the c to live with, and where round-off of one token begins. A model whose samples bend
// early is measured below `low`, but not below `clean`, the smallest c that stands well above round-off.
struct ChangeBand {
  double target, low, high, round_off;
  double clean() const { return std::min(low, 100 * round_off); }
};
[[nodiscard]] ChangeBand band_of(Precision precision);
[[nodiscard]] std::string_view name_of(Precision precision);

struct Calibration {
  double step = 0;
  double c = 0;             // at `step`; 0 where no second-order change was found
  double doubling = 0;      // c(2 step) / c(step): 4 where f is purely quadratic; 0 if not measured
  bool accepted = false;    // c in the band and the doubling near 4
  std::int64_t passes = 0;  // perturbed passes over at most 16 samples
};

// Two draws on at most 16 samples a trial.
[[nodiscard]] Calibration calibrate(const Functional& f, const Estimator& estimator);

// Does a step that calibration has found once still fit, by the draws that were made with it? It does while
// its c is clean and not above the band; they say nothing where c is lost in their own spread.
enum class Fit { yes, no, unclear };
[[nodiscard]] Fit fit_of(const Functional& f, std::span<const DrawValues> draws);

}  // namespace lethe::scoring
