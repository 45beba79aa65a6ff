// Values of settings as they are written, compared by what they mean.
#pragma once

#include <string_view>

#include "framework/config/raw_value.h"

namespace lethe::campaign {

// Numbers by their value (1e-5 and 0.00001; integers exactly), mappings in any order, texts as they stand. A
// quoted number is a text.
[[nodiscard]] bool is_same(const config::RawValue& a, const config::RawValue& b);

// `wanted` by value, or by the `name` in the value: "mrd" means {name: mrd, floor: 0.1} too.
[[nodiscard]] bool is_meant(const config::RawValue& value, const config::RawValue& wanted);

// Whether a mapping sets "beta", or "schedule.warmup" inside it.
[[nodiscard]] bool sets(const config::RawValue& value, std::string_view path);

// Whether "objective" stands above "objective.beta".
[[nodiscard]] bool is_above(std::string_view parent, std::string_view key);

}  // namespace lethe::campaign
