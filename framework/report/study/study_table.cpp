#include "framework/report/study/study_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "framework/base/text.h"
#include "framework/records/exports.h"
#include "framework/report/comparison.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

std::vector<std::string> group_columns(const Study& study) {
  std::vector<std::string> names;
  for (const StudyColumn& column : study.columns)
    if (!column.is_repeat) names.push_back(column.name);
  return names;
}

// A header that sorts its column: a button, so that the keyboard reaches it.
std::string sorting_header(const std::string& html, std::string_view attributes = "") {
  return fmt::format("<th scope=\"col\" {}><button type=\"button\" class=\"sort\">{}</button></th>",
                     attributes, html);
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

// Three, or as many more as two digits of the half width need; of small differences nothing else would be
// seen. What is nothing at the most that is shown needs no place.
int decimals_of(const Interval& interval) {
  constexpr int kFewest = 3, kMost = 6;
  const double size = interval.half_width.value_or(std::abs(interval.mean));
  if (!(size >= 0.5 * std::pow(10.0, -kMost)) || !std::isfinite(size)) return kFewest;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(size))), kFewest, kMost);
}

std::vector<const StudyCell*> all_cells(const Study& study) {
  std::vector<const StudyCell*> cells;
  for (const StudyCell& cell : study.cells) cells.push_back(&cell);
  return cells;
}

bool has_before(const Study& study, const std::vector<std::string>& metrics) {
  return std::ranges::any_of(
      metrics, [&](const std::string& metric) { return !before_text(all_cells(study), metric).empty(); });
}

// A row apart: sorting and filtering leave it where it is.
std::string foot_of(const Study& study, const std::vector<std::string>& metrics) {
  if (!has_before(study, metrics)) return "";
  std::string html = fmt::format("<tfoot><tr><th scope=\"row\" colspan=\"{}\">before training</th>",
                                 group_columns(study).size() + 1);
  for (const std::string& metric : metrics) {
    const std::string text = before_text(all_cells(study), metric);
    html += fmt::format("<td>{}</td>", text.empty() ? "\u2013" : text);
  }
  return html + "</tr></tfoot>";
}

// "0.311 ± 0.122 (−0.016 ± 0.083)".
std::string value_text(const Study& study, const Group& group, const Group& baseline,
                       const std::string& metric) {
  const auto interval = interval_of(group.metric(metric));
  if (!interval) return "\u2013";
  const auto difference = paired_difference(study, group, baseline, metric);
  return interval_text(*interval) +
         (difference && &group != &baseline ? fmt::format(" ({})", interval_text(*difference, true)) : "");
}

std::string exact(double value) { return fmt::format("{:.17g}", value); }
std::string exact(const std::optional<double>& value) { return value ? exact(*value) : ""; }

std::string row_of_markdown(const std::vector<std::string>& fields) {
  std::string row = "|";
  for (const std::string& field : fields) row += " " + field + " |";
  return row + "\n";
}

// None where a run measured it in a way that has none.
int goal_in(const Study& study, const std::string& name) {
  const auto dot = name.find('.');
  const std::string set = name.substr(0, dot), metric = name.substr(dot + 1);
  for (const StudyCell& cell : study.cells)
    for (const RunSummary& run : cell.runs)
      if (goal_of(metric_in(run, set, metric), set) == 0) return 0;
  return goal_of(metric_named(metric), set);
}

}  // namespace

std::string goal_arrow(const Study& study, const std::string& name) {
  const int goal = goal_in(study, name);
  return goal > 0 ? " <span class=\"goal\" title=\"higher is better\">\u2191</span>"
                  : (goal < 0 ? " <span class=\"goal\" title=\"lower is better\">\u2193</span>" : "");
}

std::string value_cell(const Study& study, const Group& group, const Group& baseline,
                       const std::string& metric) {
  const auto interval = interval_of(group.metric(metric));
  if (!interval) return "<td class=\"none\" data-v=\"\">\u2013</td>";
  std::string text = escape(interval_text(*interval));
  if (const auto difference = paired_difference(study, group, baseline, metric);
      difference && &group != &baseline) {
    const bool is_clear = difference->half_width && std::abs(difference->mean) > *difference->half_width;
    text += fmt::format("<br><small{}>{}</small>", is_clear ? " class=\"clear\"" : "",
                        escape(interval_text(*difference, true)));
  }
  return fmt::format("<td data-v=\"{}\">{}</td>", interval->mean, text);
}

std::string before_text(const std::vector<const StudyCell*>& cells, const std::string& metric) {
  const auto dot = metric.find('.');
  std::vector<double> values;
  for (const StudyCell* cell : cells) {
    if (is_to_forget(metric) && !cell->measured_on.empty()) continue;  // a later stage measured others
    const RunSummary* run = cell->state == "done" && cell->has_trained() ? cell->main_run() : nullptr;
    const auto* evaluation = run != nullptr ? run->before(metric.substr(0, dot)) : nullptr;
    if (evaluation == nullptr) continue;
    const auto found = evaluation->aggregates.find(metric.substr(dot + 1));
    if (found != evaluation->aggregates.end()) values.push_back(found->second);
  }
  if (values.empty()) return "";
  const auto [least, most] = std::ranges::minmax(values);
  const std::string low = fixed(least, 3), high = fixed(most, 3);
  return low == high ? low : fmt::format("{} to {}", low, high);
}

std::string interval_text(const Interval& interval, bool with_sign) {
  const int decimals = decimals_of(interval);
  const std::string mean = with_sign ? signed_fixed(interval.mean, decimals) : fixed(interval.mean, decimals);
  return interval.half_width ? fmt::format("{} \u00B1 {}", mean, fixed(*interval.half_width, decimals))
                             : fmt::format("{} (one seed)", mean);
}

std::string metric_title(const std::string& name) {
  const auto dot = name.find('.');
  return fmt::format("{}, {}", set_label(name.substr(0, dot)), metric_named(name.substr(dot + 1)).label);
}

std::string method_table(const Study& study) {
  const auto groups = groups_of(study);
  const auto metrics = metrics_of(study);
  std::string html = "<table class=\"sortable study\" id=\"methods\"><thead><tr>";
  for (const std::string& name : group_columns(study)) html += sorting_header(escape(name), "class=\"word\"");
  html += sorting_header("cells");
  for (const std::string& metric : metrics)
    html += sorting_header(escape(metric_title(metric)) + goal_arrow(study, metric), "data-number");
  html += "</tr></thead><tbody>";
  for (const Group& group : groups) {
    html += "<tr>";
    for (const std::string& value : group.values)
      html += fmt::format("<td class=\"word\">{}</td>", escape(value));
    html += fmt::format("<td data-v=\"{0}\">{0} of {1}</td>", group.num_measured(), group.cells.size());
    for (const std::string& metric : metrics)
      html += value_cell(study, group, baseline_of(study, groups, group), metric);
    html += "</tr>";
  }
  return html + "</tbody>" + foot_of(study, metrics) + "</table>";
}

std::string study_csv(const Study& study) {
  const auto groups = groups_of(study);
  std::vector<std::string> header = group_columns(study);
  for (const char* name : {"metric", "mean", "half_width_95", "seeds", "difference",
                           "difference_half_width_95", "difference_seeds"})
    header.emplace_back(name);
  std::string text = csv_row(header);
  for (const Group& group : groups)
    for (const std::string& metric : metrics_of(study)) {
      const auto interval = interval_of(group.metric(metric));
      if (!interval) continue;
      std::vector<std::string> row = group.values;
      row.insert(row.end(), {metric, exact(interval->mean), exact(interval->half_width),
                             std::to_string(interval->count)});
      const Group& baseline = baseline_of(study, groups, group);
      const auto difference = paired_difference(study, group, baseline, metric);
      if (difference && &group != &baseline)
        row.insert(row.end(), {exact(difference->mean), exact(difference->half_width),
                               std::to_string(difference->count)});
      else
        row.insert(row.end(), {"", "", ""});
      text += csv_row(row);
    }
  return text;
}

std::string study_markdown(const Study& study) {
  const auto groups = groups_of(study);
  const auto metrics = metrics_of(study);
  std::vector<std::string> header = group_columns(study);
  header.emplace_back("cells");
  for (const std::string& metric : metrics) header.push_back(metric_title(metric));
  std::string text = fmt::format(
      "# {}\n\nMean \u00B1 half width of the 95 % confidence interval over seeds; in brackets the paired "
      "difference to the first method on the same samples.\n\n",
      study.name);
  text += row_of_markdown(header) + row_of_markdown(std::vector<std::string>(header.size(), "---"));
  for (const Group& group : groups) {
    std::vector<std::string> row = group.values;
    row.push_back(fmt::format("{} of {}", group.num_measured(), group.cells.size()));
    for (const std::string& metric : metrics)
      row.push_back(value_text(study, group, baseline_of(study, groups, group), metric));
    text += row_of_markdown(row);
  }
  if (has_before(study, metrics)) {
    std::vector<std::string> row(group_columns(study).size() + 1);
    row.front() = "before training";
    for (const std::string& metric : metrics) row.push_back(before_text(all_cells(study), metric));
    text += row_of_markdown(row);
  }
  text += "\n## What this report cannot say\n\n";
  for (const std::string& note : missing_from(study)) text += "- " + note + "\n";
  return text;
}

}  // namespace lethe::report
