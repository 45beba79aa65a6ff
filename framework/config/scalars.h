// The spelling of integers, numbers and booleans: one way each, so that nothing means something else than it
// looks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lethe::config {

enum class Spelling { right, wrong, out_of_range };

// Decimal digits with an optional sign. Wrong: 1e3, 8.0, 0x10, 1_000, and 010 (octal in YAML 1.1, ten
// in 1.2).
[[nodiscard]] Spelling read_scalar(std::string_view text, std::int64_t& value);
[[nodiscard]] Spelling read_scalar(std::string_view text, std::uint64_t& value);  // out_of_range below zero

// 5, -0.5, .5, 5., 1e-5. Out of range: what a double cannot hold (1e999, 1e-999), .nan, .inf; `value` then
// holds NaN or the infinity, and 0 for what is too small. Wrong: hexadecimal, leading zeros, 1_000.
[[nodiscard]] Spelling read_scalar(std::string_view text, double& value);

// true or false, in lower case, and no other word.
[[nodiscard]] Spelling read_scalar(std::string_view text, bool& value);

// How to write a wrongly spelt value: "write 1000", "write true or false"; "" if there is no guess.
[[nodiscard]] std::string spelling_hint_for_integer(std::string_view text);

}  // namespace lethe::config
