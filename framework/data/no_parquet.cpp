#include "framework/base/error.h"
#include "framework/data/parquet.h"

namespace lethe::data {

bool has_parquet() noexcept { return false; }

std::string parquet_as_json_lines(const std::filesystem::path& path, const std::string& set) {
  fail("data.parquet", fmt::format("{}: {}: built without Parquet", set, path.string()),
       "convert: python -c \"import pandas as p; p.read_parquet('IN').to_json('OUT', orient='records', "
       "lines=True)\"");
}

}  // namespace lethe::data
