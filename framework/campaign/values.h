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

// Whether a setting would undo (a part of) an earlier one: it has the same key, one above it ("sampler" over
// "sampler.floor"), or one that the earlier value sets ("sampler.floor" over {name: mrd, floor: 0.1}).
[[nodiscard]] bool undoes(std::string_view key, std::string_view earlier_key,
                          const config::RawValue& earlier_value);

}  // namespace lethe::campaign
