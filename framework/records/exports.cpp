#include "framework/records/exports.h"

#include <algorithm>
#include <tuple>

namespace lethe::records {

std::string scores_csv(std::vector<ScoreRecord> scores) {
  const auto place = [](const ScoreRecord& s) { return std::tie(s.step, s.row, s.id); };
  std::ranges::stable_sort(scores, {}, place);
  std::ranges::reverse(scores);  // of a sample that was scored twice at a step, the latest comes first
  scores.erase(std::ranges::unique(scores, {}, place).begin(), scores.end());
  std::ranges::reverse(scores);
  std::string csv = "step,row,id,mrd,standard_error,tokens,loss,resolved\n";
  for (const ScoreRecord& s : scores)
    csv += fmt::format("{},{},{},{},{},{},{},{}\n", s.step, s.row, csv_field(s.id), s.mrd, s.standard_error,
                       s.tokens, s.loss, s.resolved);
  return csv;
}

std::string metrics_json(const std::vector<EvaluationRecord>& evaluations) {
  Json json = Json::object();
  for (const EvaluationRecord& evaluation : evaluations) {
    Json aggregates = Json::object();
    FieldWriter(aggregates).numbers(evaluation.aggregates);
    json[evaluation.tag][evaluation.set] = aggregates;
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string csv_field(std::string_view text) {
  const bool needs_quotes = text.find_first_of(",\"\n\r") != std::string_view::npos;
  const bool is_formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  std::string field = is_formula ? "'" : "";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return needs_quotes ? fmt::format("\"{}\"", field) : field;
}

}  // namespace lethe::records
