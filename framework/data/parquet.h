// Parquet files as JSON Lines, through Arrow where lethe is built with it (LETHE_PARQUET).
#pragma once

#include <filesystem>
#include <string>

namespace lethe::data {

[[nodiscard]] bool has_parquet() noexcept;

// One JSON object a row, columns in the file's order; columns of text, numbers, booleans, and lists of them;
// others are left out. `set` is the file's place in the configuration. Errors: data.parquet (built without,
// damaged, or larger than 16 GiB as text).
[[nodiscard]] std::string parquet_as_json_lines(const std::filesystem::path& path, const std::string& set);

}  // namespace lethe::data
