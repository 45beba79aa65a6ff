// A file of samples: JSON Lines (a byte-order mark, CRLF and a missing last newline are fine; blank lines are
// skipped), or one JSON array of objects. Every row is checked before any is used; messages count rows and
// lines from 1 and never quote the text of a row.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/data/options.h"
#include "framework/data/sample.h"

namespace lethe::data {

struct SampleFile {
  std::vector<Sample> samples;
  std::string hash;  // of the file's bytes
};

// `set` is the file's place in the configuration ("forget", "retain", …), for messages.
// Errors: data.missing, data.permission, data.parquet, data.size (a row above 16 MiB), data.encoding,
// data.json (all bad rows counted, the first five shown), data.shape, data.column, data.type, data.empty.
[[nodiscard]] SampleFile read_samples(const SourceOptions& source, const std::string& set);

}  // namespace lethe::data
