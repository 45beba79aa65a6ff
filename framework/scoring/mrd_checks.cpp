#include "framework/scoring/mrd_checks.h"

#include "framework/base/error.h"
#include "framework/scoring/perturbation.h"

namespace lethe::scoring {

void check_step(const MrdOptions& options, const Estimator& estimator) {
  if (!options.sigma_eff || estimator.step_size() != StepSize::none) return;
  fail("config.conflict", fmt::format("score.sigma_eff: `{}` takes no step", options.estimator),
       "leave score.sigma_eff out, or use antithetic");
}

void check_mrd(const MrdOptions& options, Precision precision, const models::ParameterIndex& index) {
  const Setting setting{.precision = precision,
                        .stop = options.stop,
                        .step_given = options.sigma_eff.has_value(),
                        .says_why = false};
  check_step(options, *make_estimator(options.estimator, options.estimator_options, setting));
  (void)moved_parameters(index, options.scope);
}

}  // namespace lethe::scoring
