#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>

#include <nlohmann/json.hpp>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/data/parquet.h"

namespace lethe::data {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxBytes = std::size_t{16} << 30;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& set, const std::string& why) {
  fail("data.parquet", fmt::format("{}: {}: {}", set, path.string(), why));
}

std::optional<Json> json_of(const arrow::Array& array, std::int64_t row);

template <class List>
std::optional<Json> list_of(const arrow::Array& array, std::int64_t row) {
  const auto& list = static_cast<const List&>(array);
  Json items = Json::array();
  for (std::int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
    std::optional<Json> item = json_of(*list.values(), i);
    if (!item) return std::nullopt;
    items.push_back(std::move(*item));
  }
  return items;
}

// What json_of reads: text, numbers, and lists and dictionaries of them.
bool is_read(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::INT64:
    case arrow::Type::INT32:
    case arrow::Type::DOUBLE:
    case arrow::Type::FLOAT:
    case arrow::Type::BOOL:
      return true;
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return is_read(*type.field(0)->type());
    case arrow::Type::DICTIONARY:
      return is_read(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return false;
  }
}

// Else a column that is asked for would be missing for no reason that anybody sees.
void say_what_is_not_read(const arrow::Schema& schema, const std::string& file) {
  std::vector<std::string> columns;
  for (const auto& field : schema.fields())
    if (!is_read(*field->type()))
      columns.push_back(fmt::format("{} ({})", field->name(), field->type()->ToString()));
  if (!columns.empty())
    spdlog::info("{}: columns of types that samples do not use are left out: {}", file,
                 base::join(columns, ", "));
}

// Nothing for a type that samples do not use.
std::optional<Json> json_of(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return Json();
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return Json(std::string(static_cast<const arrow::StringArray&>(array).GetView(row)));
    case arrow::Type::LARGE_STRING:
      return Json(std::string(static_cast<const arrow::LargeStringArray&>(array).GetView(row)));
    case arrow::Type::STRING_VIEW:
      return Json(std::string(static_cast<const arrow::StringViewArray&>(array).GetView(row)));
    case arrow::Type::INT64:
      return Json(static_cast<const arrow::Int64Array&>(array).Value(row));
    case arrow::Type::INT32:
      return Json(static_cast<const arrow::Int32Array&>(array).Value(row));
    case arrow::Type::DOUBLE:
      return Json(static_cast<const arrow::DoubleArray&>(array).Value(row));
    case arrow::Type::FLOAT:
      return Json(static_cast<const arrow::FloatArray&>(array).Value(row));
    case arrow::Type::BOOL:
      return Json(static_cast<const arrow::BooleanArray&>(array).Value(row));
    case arrow::Type::LIST:
      return list_of<arrow::ListArray>(array, row);
    case arrow::Type::LARGE_LIST:
      return list_of<arrow::LargeListArray>(array, row);
    case arrow::Type::FIXED_SIZE_LIST:
      return list_of<arrow::FixedSizeListArray>(array, row);
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      return json_of(*coded.dictionary(), coded.GetValueIndex(row));
    }
    default:
      return std::nullopt;
  }
}

// A batch of consecutive rows holds one array a column.
void append_rows(const arrow::RecordBatch& batch, std::string& out) {
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    Json object = Json::object();
    for (int column = 0; column < batch.num_columns(); ++column)
      if (std::optional<Json> value = json_of(*batch.column(column), row))
        object[batch.column_name(column)] = std::move(*value);
    out += object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
}

}  // namespace

bool has_parquet() noexcept { return true; }

std::string parquet_as_json_lines(const std::filesystem::path& path, const std::string& set) {
  const auto check = [&](const arrow::Status& status) {
    if (!status.ok()) refuse(path, set, status.message());
  };
  const auto file = arrow::io::ReadableFile::Open(path.string());
  check(file.status());
  auto reader = parquet::arrow::OpenFile(*file, arrow::default_memory_pool());
  check(reader.status());
  const auto table = (*reader)->ReadTable();  // this form needs Arrow 24
  check(table.status());
  check((*table)->Validate());
  say_what_is_not_read(*(*table)->schema(), path.string());
  std::string out;
  arrow::TableBatchReader batches(**table);
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    check(batches.ReadNext(&batch));
    if (!batch) return out;
    append_rows(*batch, out);
    if (out.size() > kMaxBytes) refuse(path, set, fmt::format("more than {} bytes of text", kMaxBytes));
  }
}

}  // namespace lethe::data
