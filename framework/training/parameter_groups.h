// Which optimizer group each parameter belongs to.
#pragma once

#include <vector>

#include "framework/models/parameter_index.h"
#include "framework/optim/adamw.h"

namespace lethe::training {

// By parameter: the first group with a pattern that matches its name, or -1; empty where there are no groups.
// Errors: config.range, where a pattern matches no parameter.
[[nodiscard]] std::vector<int> groups_of_parameters(const models::ParameterIndex& index,
                                                    const std::vector<optim::ParameterGroup>& groups);

}  // namespace lethe::training
