// A way to estimate E f(d). One strategy, one file in estimators/; the word in the YAML is its name.
//
// An estimator is asked for draws: a draw is one independent value a[k][i] for each sample i, made from
// direction(s) keyed by its number k alone, so draws may be made in any order, together, or after an
// interruption. The score is scale(sigma, step) |mean_k a|. Estimators without a step (`jet`, `hvp`) count in
// units of step 1; a draw of theirs is a collapsed group of directions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/config/section.h"
#include "framework/scoring/error_bars.h"
#include "framework/scoring/functional.h"

namespace lethe::scoring {

struct DrawValues {
  std::vector<double> value;  // a[k][*], [samples]
  std::vector<double>
      first_order;  // b[k][*]: what one plain draw would add as noise; empty where it is not seen
};

// Where the size of the step comes from: found by calibration, sigma itself, or there is none.
enum class StepSize { calibrated, sigma, none };

class Estimator {
 public:
  virtual ~Estimator() = default;
  virtual StepSize step_size() const = 0;
  // That a pass walks together as jets or derivatives; 0: its passes see perturbed weights.
  virtual std::int64_t directions() const { return 0; }
  // Values that are noise average to zero: what lies within its error of that is not told from it.
  virtual bool is_signed() const { return true; }
  // What a draw is made of, beyond the noise: draws of another identity do not continue these.
  virtual std::string identity() const = 0;
  // From |mean a| at this step to the score at sigma.
  virtual double scale(double sigma, double step) const = 0;
  // Draws first … first + count - 1, of the samples named or of all.
  virtual std::vector<DrawValues> draws(const Functional& f, double step, std::int64_t first,
                                        std::int64_t count,
                                        std::span<const std::int64_t> samples = {}) const = 0;
};

// What an estimator may suit itself to. The same on every rank and world, so that the choice is.
struct Setting {
  Precision precision = Precision::float32;
  StopOptions stop;
  bool step_given = false;  // score.sigma_eff is set by hand
  bool says_why = true;     // log a choice; not where options are only checked
};

using Make = std::unique_ptr<Estimator>(config::Section, const Setting&);
struct Entry {
  std::string_view name;
  Make* make;
};
[[nodiscard]] std::span<const Entry> registry();
[[nodiscard]] std::vector<std::string> estimator_names();

// Reads `eps`, and what an estimator that has one is called: clamped ratios are another quantity.
[[nodiscard]] double read_eps(config::Section& section);
[[nodiscard]] std::string name_with_eps(std::string name, double eps);

// Errors: config.range for a name that is not in the registry.
[[nodiscard]] std::unique_ptr<Estimator> make_estimator(const std::string& name, config::Section options,
                                                        const Setting& setting = {});

}  // namespace lethe::scoring
