// What the sampler changes: groups that agree in everything else, each against the first sampler of its row.
#include <fmt/format.h>

#include <algorithm>

#include "framework/report/html.h"
#include "framework/report/study/study_figures.h"
#include "framework/report/study/study_table.h"

namespace lethe::report {
namespace {

std::size_t sampler_column(const Study& study) {
  std::size_t at = 0;
  for (const StudyColumn& column : study.columns) {
    if (column.is_repeat) continue;
    if (column.name == "sampler") return at;
    ++at;
  }
  return static_cast<std::size_t>(-1);
}

bool agree_but(const Group& a, const Group& b, std::size_t column) {
  for (std::size_t i = 0; i < a.values.size(); ++i)
    if (i != column && a.values[i] != b.values[i]) return false;
  return a.values[column] != b.values[column];
}

std::string row_of(const Study& study, const Group& base, const Group& other,
                   const std::vector<std::string>& metrics, std::size_t column) {
  std::string rest;
  for (std::size_t i = 0; i < base.values.size(); ++i)
    if (i != column) rest += (rest.empty() ? "" : ", ") + base.values[i];
  std::string html = fmt::format("<tr><th scope=\"row\">{}</th><td class=\"word\">{} \u2212 {}</td>",
                                 escape(rest), escape(other.values[column]), escape(base.values[column]));
  for (const std::string& metric : metrics) {
    const auto difference = paired_difference(study, other, base, metric);
    html += difference ? fmt::format("<td>{}</td>", escape(interval_text(*difference, true)))
                       : "<td class=\"none\">\u2013</td>";
  }
  return html + "</tr>";
}

}  // namespace

Figure sampler_figure(const Study& study) {
  Figure figure{.id = "samplers", .title = "What the sampler changes"};
  const std::size_t column = sampler_column(study);
  if (column == static_cast<std::size_t>(-1)) return figure;
  const auto groups = groups_of(study);
  const auto metrics = metrics_of(study);
  std::string rows;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool is_first = std::none_of(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(i),
                                       [&](const Group& g) { return agree_but(g, groups[i], column); });
    if (!is_first) continue;
    for (const Group& other : groups)
      if (agree_but(groups[i], other, column)) rows += row_of(study, groups[i], other, metrics, column);
  }
  if (rows.empty()) return figure;
  figure.lead =
      "Paired over seeds: the same configuration and seed with another sampler, \u00B1 95 % interval of the "
      "mean difference.";
  std::string head = "<thead><tr><th>method</th><th class=\"word\">difference</th>";
  for (const std::string& metric : metrics) head += fmt::format("<th>{}</th>", escape(metric_title(metric)));
  figure.numbers = head + "</tr></thead><tbody>" + rows + "</tbody>";
  return figure;
}

}  // namespace lethe::report
