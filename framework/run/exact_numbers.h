// Numbers in the state of a checkpoint: hexadecimal text, which keeps every bit and has words for what is no
// number. JSON writes that as null.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

namespace lethe::run {

[[nodiscard]] nlohmann::json exact_number(double value);
[[nodiscard]] nlohmann::json exact_numbers(std::span<const double> values);

// Reads plain JSON numbers too, and null as NaN: what older checkpoints hold. Errors: ckpt.corrupt.
[[nodiscard]] double number_from(const nlohmann::json& value);
[[nodiscard]] std::vector<double> numbers_from(const nlohmann::json& values);

}  // namespace lethe::run
