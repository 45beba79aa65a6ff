// What is wrong with a scoring whatever its samples: found before a pass is made.
#pragma once

#include "framework/models/parameter_index.h"
#include "framework/scoring/mrd.h"

namespace lethe::scoring {

// Errors: config.conflict where the estimator takes no step and score.sigma_eff gives one.
void check_step(const MrdOptions& options, const Estimator& estimator);

// The same, and: config.conflict where the estimator does not run in this precision, config.range where
// score.scope names no parameter of the model.
void check_mrd(const MrdOptions& options, Precision precision, const models::ParameterIndex& index);

}  // namespace lethe::scoring
