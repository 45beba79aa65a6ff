#include "framework/data/jsonl_reader.h"

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/data/data_file.h"
#include "framework/data/row_reader.h"
#include "framework/data/wide_numbers.h"

namespace lethe::data {
namespace {

constexpr std::size_t kShownFaults = 5;

// No number of a row is read, so one that no machine number holds (an id of 30 digits, 1e999) does no harm.
simdjson::error_code parse_row(simdjson::dom::parser& parser, std::string_view text, Json& row) {
  const auto error = parser.parse(text.data(), text.size()).get(row);
  if (error != simdjson::NUMBER_ERROR) return error;
  const std::string narrow = without_wide_numbers(text);
  return parser.parse(narrow).get(row);  // the parser keeps its own copy of every text
}

class SampleReader {
 public:
  SampleReader(const SourceOptions& source, std::string set)
      : source_(source), set_(std::move(set)), rows_(source, source.path) {}

  SampleFile read() {
    const std::string content = read_data_file(source_.path, set_);
    const auto start = content.find_first_not_of(" \t\r\n");
    if (start == std::string::npos) fail("data.empty", fmt::format("{} has no rows", source_.path));
    if (content[start] == '[' || !source_.records.empty())
      read_document(content);
    else
      read_lines(content);
    return {rows_.finish(), base::hash_text(content)};
  }

 private:
  void read_lines(const std::string& content) {
    const std::vector<Line> lines = lines_of(content, source_.path);
    simdjson::dom::parser parser;
    for (const Line& line : lines) {
      Json row;
      if (const auto error = parse_row(parser, line.text, row))
        note_fault(line, simdjson::error_message(error));
      else if (line.number == lines.front().number && lines.size() == 1 && is_server_page(row))
        refuse_server_page();
      else
        rows_.read(row, line.number);
    }
    if (num_faults_ > 0) refuse_faults(content, lines);
  }

  void note_fault(const Line& line, const std::string& reason) {
    if (num_faults_++ >= kShownFaults) return;
    const JsonFault fault = locate_json_fault(without_wide_numbers(line.text), reason);
    faults_ += fmt::format("{}{}:{}:{}: {}", faults_.empty() ? "" : "\n", source_.path, line.number,
                           fault.column, fault.reason);
  }

  // A file that is not JSON Lines but one object over many lines has its own message.
  [[noreturn]] void refuse_faults(const std::string& content, const std::vector<Line>& lines) const {
    simdjson::dom::parser parser;
    Json whole;
    const bool one_object = lines.size() > 1 && !parser.parse(content).get(whole) && whole.is_object();
    if (one_object && is_server_page(whole)) refuse_server_page();
    if (one_object)
      fail("data.shape", fmt::format("{} is one JSON object over several lines", source_.path),
           fmt::format("write one object a line, or say where the rows lie: data.{}.records", set_));
    const auto more =
        num_faults_ > 1 ? fmt::format("\n{} of {} rows are not JSON", num_faults_, lines.size()) : "";
    fail("data.json", faults_ + more);
  }

  static bool is_server_page(Json value) {
    simdjson::dom::array rows;
    return value.is_object() && !value["rows"].get(rows) &&
           (rows.size() == 0 || member(rows.at(0).value(), "row"));
  }

  [[noreturn]] void refuse_server_page() const {
    fail("data.shape",
         fmt::format("{}: this is a datasets-server page; use field rows[].row (data.{}.records: rows.row)",
                     source_.path, set_));
  }

  void read_document(const std::string& content) {
    simdjson::dom::parser parser;
    Json whole;
    if (const auto error = parse_row(parser, content, whole)) {
      const JsonFault fault =
          locate_json_fault(without_wide_numbers(content), simdjson::error_message(error));
      fail("data.json", fmt::format("{}:{}:{}: {}", source_.path, fault.line, fault.column, fault.reason));
    }
    std::string rest = source_.records;
    std::optional<Json> list = whole;
    while (list && list->is_object() && !rest.empty()) list = member(*list, take_key(rest));
    read_items(list, rest);
  }

  // Of "data.train" gives "data" and leaves "train".
  static std::string take_key(std::string& keys) {
    const auto dot = keys.find('.');
    const std::string key = keys.substr(0, dot);
    keys.erase(0, dot == std::string::npos ? dot : dot + 1);
    return key;
  }

  static std::optional<Json> find(Json from, std::string keys) {
    std::optional<Json> found = from;
    while (found && !keys.empty()) found = member(*found, take_key(keys));
    return found;
  }

  void read_items(std::optional<Json> list, const std::string& row_key) {
    simdjson::dom::array items;
    if (!list || list->get(items))
      fail("data.shape", fmt::format("{}: \"{}\" is not a list of rows", source_.path, source_.records));
    std::int64_t number = 0;
    for (const Json item : items) {
      const auto row = find(item, row_key);
      ++number;
      if (!row) fail("data.shape", fmt::format("{}: row {} has no \"{}\"", source_.path, number, row_key));
      rows_.read(*row, number);
    }
  }

  SourceOptions source_;
  std::string set_;
  RowReader rows_;
  std::size_t num_faults_ = 0;
  std::string faults_;
};

}  // namespace

SampleFile read_samples(const SourceOptions& source, const std::string& set) {
  return SampleReader(source, set).read();
}

}  // namespace lethe::data
