// Reads records files: lenient about unknown fields and kinds and about a torn end, strict about everything
// else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "framework/records/record.h"

namespace lethe::records {

struct Line {
  std::string text;                   // without the newline
  std::size_t number = 0;             // from 1
  std::uintmax_t begin = 0, end = 0;  // bytes in the file
  bool is_complete = false;           // ends in a newline and reads {…}
};

// Until `visit` returns false. Errors: io.read; records.size (a line above 256 MiB).
void for_each_line(const std::filesystem::path& path, const std::function<bool(const Line&)>& visit);

struct ReadResult {
  std::vector<Entry> entries;
  std::size_t num_unknown = 0;  // lines of a kind that this lethe does not know
  bool has_torn_end = false;    // a kill left half a line; it was passed over
};

// Errors: io.read; records.json (a damaged line before the last), records.schema, records.type, each with
// file:line.
[[nodiscard]] ReadResult read_records(const std::filesystem::path& path);

template <class T>
[[nodiscard]] std::vector<T> records_of(const std::vector<Entry>& entries) {
  std::vector<T> found;
  for (const Entry& entry : entries)
    if (const T* record = std::get_if<T>(&entry.record)) found.push_back(*record);
  return found;
}

}  // namespace lethe::records
