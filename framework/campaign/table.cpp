#include "framework/campaign/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "framework/base/text.h"
#include "framework/records/exports.h"

namespace lethe::campaign {
namespace {

struct TableCell {
  std::string number, title, state, error;
  std::map<std::string, std::string> choices, metrics;
};

struct Table {
  std::vector<std::string> columns, metrics;
  std::vector<TableCell> cells;
};

Table table_of(const Index& index) {
  Table table;
  std::map<std::string, std::size_t> at;
  for (const auto& row : index.query("SELECT name FROM columns ORDER BY position"))
    table.columns.push_back(*row[0]);
  for (const auto& row : index.query("SELECT number, title, state, error FROM cells ORDER BY number")) {
    at[*row[0]] = table.cells.size();
    table.cells.push_back({*row[0], *row[1], *row[2], row[3].value_or("")});
  }
  for (const auto& row : index.query("SELECT number, name, value FROM choices"))
    table.cells.at(at.at(*row[0])).choices[*row[1]] = *row[2];
  for (const auto& row : index.query("SELECT number, sample_set || '.' || metric, value FROM final_metrics"))
    table.cells.at(at.at(*row[0])).metrics[*row[1]] = row[2].value_or("nan");
  for (const TableCell& cell : table.cells)
    for (const auto& [name, value] : cell.metrics)
      if (std::ranges::find(table.metrics, name) == table.metrics.end()) table.metrics.push_back(name);
  std::ranges::sort(table.metrics);
  return table;
}

std::string value_in(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

std::string rounded(const std::string& value) {
  return value.empty() ? "\u2013" : fmt::format("{:.4g}", std::strtod(value.c_str(), nullptr));
}

std::string cell_text(std::string text) {
  std::ranges::replace(text, '|', '/');
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string markdown_row(const std::vector<std::string>& fields) {
  std::string row = "|";
  for (const std::string& field : fields) row += " " + cell_text(field) + " |";
  return row + "\n";
}

// Numbers as they are: csv_field would take the minus of a text for a formula.
std::string field_of(const std::string& text) {
  char* end = nullptr;
  (void)std::strtod(text.c_str(), &end);
  const bool is_number = !text.empty() && *end == '\0';
  return is_number ? text : records::csv_field(text);
}

std::string csv_row(const std::vector<std::string>& fields) {
  std::vector<std::string> quoted;
  for (const std::string& field : fields) quoted.push_back(field_of(field));
  return base::join(quoted, ",") + "\n";
}

std::vector<std::string> header_of(const Table& table) {
  std::vector<std::string> header = {"cell"};
  header.insert(header.end(), table.columns.begin(), table.columns.end());
  header.emplace_back("state");
  header.insert(header.end(), table.metrics.begin(), table.metrics.end());
  return header;
}

std::vector<std::string> row_of(const Table& table, const TableCell& cell) {
  std::vector<std::string> row = {cell.number};
  for (const std::string& column : table.columns) row.push_back(value_in(cell.choices, column));
  row.push_back(cell.state);
  return row;
}

}  // namespace

std::string table_csv(const Index& index) {
  const Table table = table_of(index);
  std::vector<std::string> header = header_of(table);
  header.emplace_back("error");
  std::string text = csv_row(header);
  for (const TableCell& cell : table.cells) {
    std::vector<std::string> row = row_of(table, cell);
    for (const std::string& metric : table.metrics) row.push_back(value_in(cell.metrics, metric));
    row.push_back(cell.error);
    text += csv_row(row);
  }
  return text;
}

std::string table_markdown(const Index& index) {
  const Table table = table_of(index);
  const std::vector<std::string> header = header_of(table);
  std::string text = markdown_row(header) + markdown_row(std::vector<std::string>(header.size(), "---")),
              errors;
  for (const TableCell& cell : table.cells) {
    std::vector<std::string> row = row_of(table, cell);
    for (const std::string& metric : table.metrics) row.push_back(rounded(value_in(cell.metrics, metric)));
    text += markdown_row(row);
    if (!cell.error.empty())
      errors += fmt::format("- cell {} ({}): {}\n", cell.number, cell.title, cell_text(cell.error));
  }
  return errors.empty() ? text : text + "\n" + errors;
}

}  // namespace lethe::campaign
