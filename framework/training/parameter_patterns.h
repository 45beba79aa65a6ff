// Parameters by shell patterns of their names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/models/parameter_index.h"

namespace lethe::training {

// `*`, `?` and `[…]` as in the shell; `*` matches dots too. `key`: where the pattern stands, for the message.
// Errors: config.range, where nothing matches.
[[nodiscard]] std::vector<int> matching_parameters(const models::ParameterIndex& index,
                                                   const std::string& pattern, std::string_view key);

}  // namespace lethe::training
