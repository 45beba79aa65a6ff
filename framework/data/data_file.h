// The bytes of a data file, cut into rows. Nothing is known here of fields.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::data {

struct Line {
  std::int64_t number;  // from 1
  std::string_view text;
};

// Errors: data.missing, data.permission, data.parquet, data.encoding (with line and column).
[[nodiscard]] std::string read_data_file(const std::filesystem::path& path, const std::string& set);

// Non-blank lines without their line ends. Errors: data.size for one above 16 MiB.
[[nodiscard]] std::vector<Line> lines_of(std::string_view content, const std::filesystem::path& path);

// Where in a JSON text an error lies and what it is, without the text itself: "22: unexpected end of input".
struct JsonFault {
  std::int64_t line = 1, column = 1;
  std::string reason;
};
[[nodiscard]] JsonFault locate_json_fault(std::string_view text, const std::string& otherwise);

}  // namespace lethe::data
