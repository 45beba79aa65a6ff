// JSON from a model directory, strictly: duplicate keys are refused, and errors say line and column.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace lethe::models {

// `name` stands for the file in messages, `error_key` is the catalogue key of every error. A duplicate key in the outermost object
// gives `duplicate_key` instead, where it is given.
[[nodiscard]] nlohmann::ordered_json parse_strict_json(std::string_view text, const std::string& name, const std::string& error_key,
                                                       const std::string& duplicate_key = "");

}  // namespace lethe::models
