// Strict JSON for the small files of a model directory: duplicate keys are refused, and every error names its
// place.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace lethe::models {

// Text from a file as it may stand in a message: one line of printable ASCII of at most `longest` characters.
[[nodiscard]] std::string printable(std::string_view text, std::size_t longest = 80);

// What nlohmann's exception says, without its "[json.exception…]" and its own place.
[[nodiscard]] std::string json_complaint(std::string_view what);

// `file_name` stands in messages: "config.json:14:3: …". Errors: `error_key` for everything that is not
// strict JSON, and for nesting deeper than 100.
[[nodiscard]] nlohmann::json parse_strict_json(std::string_view text, const std::string& file_name,
                                               const std::string& error_key);

// Reads a file of at most `max_bytes`, which require_readable() has accepted.
[[nodiscard]] nlohmann::json read_strict_json(const std::filesystem::path& file, const std::string& error_key,
                                              std::uint64_t max_bytes = 64ull << 20);

}  // namespace lethe::models
