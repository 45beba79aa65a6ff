// Which parameters an update may change: shell patterns of their names.
#pragma once

#include <string>
#include <vector>

#include "framework/models/parameter_index.h"

namespace lethe::training {

// By parameter; empty where there are no patterns: all are trained. Errors: config.range, where a pattern
// matches no parameter.
[[nodiscard]] std::vector<bool> trained_parameters(const models::ParameterIndex& index,
                                                   const std::vector<std::string>& patterns);

}  // namespace lethe::training
