#include "framework/data/data_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/data/parquet.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

constexpr std::uint64_t kMaxFileBytes = 16ull << 30;
constexpr std::size_t kMaxRowBytes = 16 << 20;

struct Place {
  std::int64_t line, column;  // from 1; columns count characters
};

Place place_of(std::string_view content, std::size_t offset) {
  const std::string_view before = content.substr(0, std::min(offset, content.size()));
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 == 0
  const auto characters =
      std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start), before.end(),
                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return {std::count(before.begin(), before.end(), '\n') + 1, characters + 1};
}

void refuse_absent(const std::filesystem::path& path, const std::string& set) {
  std::error_code unreadable;  // a folder above it: said below
  if (std::filesystem::is_directory(path, unreadable))
    fail("data.missing", fmt::format("{}: {} is a directory", set, path.string()));
  std::FILE* file = std::fopen(path.c_str(), "rb");
  const int error = errno;
  if (file != nullptr) return void(std::fclose(file));
  fail(error == EACCES ? "data.permission" : "data.missing",
       fmt::format("{}: {}: {}", set, path.string(), std::strerror(error)),
       "lethe downloads nothing; check the path, or ask for access where the set needs permission");
}

bool is_parquet(const std::filesystem::path& path) {
  std::string magic(4, ' ');
  std::ifstream(path, std::ios::binary).read(magic.data(), 4);
  return path.extension() == ".parquet" || magic == "PAR1";
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

std::string read_data_file(const std::filesystem::path& path, const std::string& set) {
  refuse_absent(path, set);
  if (is_parquet(path)) return parquet_as_json_lines(path, set);
  std::string content = base::read_file(path, kMaxFileBytes);
  if (const auto bad = first_invalid_utf8(content)) {
    const Place place = place_of(content, *bad);
    fail("data.encoding", fmt::format("{}:{}:{}: not UTF-8", path.string(), place.line, place.column),
         "save the file as UTF-8 (iconv -f LATIN1 -t UTF-8 …)");
  }
  if (content.starts_with("\xEF\xBB\xBF")) content.erase(0, 3);
  return content;
}

std::vector<Line> lines_of(std::string_view content, const std::filesystem::path& path) {
  std::vector<Line> lines;
  std::int64_t number = 0;
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size());
    std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    ++number;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.size() > kMaxRowBytes)
      fail("data.size", fmt::format("{}:{}: a row of {} bytes; at most {} are read", path.string(), number,
                                    text.size(), kMaxRowBytes));
    if (!blank(text)) lines.push_back({number, text});
  }
  return lines;
}

JsonFault locate_json_fault(std::string_view text, const std::string& otherwise) {
  try {
    const auto unused = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    const Place place = place_of(text, e.byte == 0 ? 0 : e.byte - 1);
    std::string reason = e.what();
    const auto begin =
        reason.find(": ");  // "[…] parse error at line 1, column 22: syntax error …; last read: '…'"
    if (begin != std::string::npos) reason = reason.substr(begin + 2);
    return {place.line, place.column, reason.substr(0, reason.find("; last read"))};
  } catch (const nlohmann::json::exception&) {  // a number out of range: simdjson's own words are better
  }
  return {1, 1, otherwise};
}

}  // namespace lethe::data
