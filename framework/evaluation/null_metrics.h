// Which metrics of a suite can have no value, as far as that is known before anything is measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "framework/evaluation/suite.h"

namespace lethe::evaluation {

// What there is to measure with.
struct Available {
  std::vector<PlainSet> sets;
  bool reference = false, retain_log = false;
};

// Why the metric of that name (of a result or a column) will be null: "forget: no sample has a perturbed
// answer". Nothing where only measuring can tell.
[[nodiscard]] std::optional<std::string> why_null(const Suite& suite, const std::string& name,
                                                  const Available& available);

}  // namespace lethe::evaluation
