// Options of a scoring with a fixed number of draws at a fixed step.
#pragma once

#include <string>

#include "framework/scoring/mrd.h"

namespace lethe::scoring {

inline MrdOptions with_draws(std::int64_t draws, double sigma_eff,
                             const std::string& estimator = "antithetic") {
  MrdOptions o;
  o.estimator = estimator;
  o.sigma_eff = sigma_eff;
  o.stop = {.min_draws = draws, .max_draws = draws};
  return o;
}

}  // namespace lethe::scoring
