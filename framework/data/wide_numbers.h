// Numbers of a JSON text that are right but that simdjson has no type for.
#pragma once

#include <string>
#include <string_view>

namespace lethe::data {

// The text with 0 for every number of 20 characters or more, or with an exponent: each place stays where it
// was. What is no JSON number, and what stands inside strings, is left alone.
[[nodiscard]] std::string without_wide_numbers(std::string_view text);

}  // namespace lethe::data
