// One row a cell, and where each cell came from.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "framework/base/text.h"
#include "framework/report/html.h"
#include "framework/report/study/study_table.h"
#include "framework/report/tables.h"

namespace lethe::report {
namespace {

double seconds_of(const StudyCell& cell) {
  double seconds = 0;
  for (const RunSummary& run : cell.runs)
    if (run.summary) seconds += run.summary->seconds;
  return seconds;
}

double tokens_per_second(const StudyCell& cell) {
  double tokens = 0, seconds = 0;
  if (const RunSummary* run = cell.main_run())
    for (const records::StepRecord& step : run->steps) {
      tokens += static_cast<double>(step.real_tokens);
      seconds += step.seconds;
    }
  return seconds > 0 ? tokens / seconds : 0;
}

std::uint64_t peak_bytes(const StudyCell& cell) {
  std::uint64_t peak = 0;
  for (const RunSummary& run : cell.runs)
    for (const records::MemoryRecord& m : run.memory)
      peak = std::max({peak, m.peak_device_bytes > 0 ? m.peak_device_bytes : m.peak_resident_bytes});
  return peak;
}

std::string header(std::string_view text, bool is_number) {
  return fmt::format("<th scope=\"col\"{}><button type=\"button\" class=\"sort\">{}</button></th>",
                     is_number ? " data-number" : " class=\"word\"", escape(text));
}

std::string number_cell(double value, const std::string& shown) {
  return value > 0 ? fmt::format("<td data-v=\"{}\">{}</td>", value, shown)
                   : "<td class=\"none\" data-v=\"\">\u2013</td>";
}

std::string metric_cells(const StudyCell& cell, const std::vector<std::string>& metrics) {
  std::string html;
  for (const std::string& metric : metrics) {
    const auto found = cell.metrics.find(metric);
    html += found == cell.metrics.end()
                ? "<td class=\"none\" data-v=\"\">\u2013</td>"
                : fmt::format("<td data-v=\"{}\">{}</td>", found->second, number(found->second));
  }
  return html;
}

std::string row_of(const Study& study, const StudyCell& cell, const std::vector<std::string>& metrics) {
  std::string html = fmt::format("<tr><td data-v=\"{0}\">{0}</td>", cell.number);
  for (const StudyColumn& column : study.columns)
    html += fmt::format("<td class=\"word\">{}</td>", escape(cell.choice(column.name)));
  const std::string error =
      cell.error.empty() ? "" : fmt::format("<br><small>{}</small>", escape(cell.error));
  html += fmt::format("<td class=\"word {0}\">{0}{1}</td>", escape(cell.state), error);
  html += metric_cells(cell, metrics);
  html += number_cell(seconds_of(cell), escape(base::readable_duration(seconds_of(cell))));
  html += number_cell(tokens_per_second(cell), grouped(std::llround(tokens_per_second(cell))));
  html += number_cell(static_cast<double>(peak_bytes(cell)), base::readable_bytes(peak_bytes(cell)));
  return html + "</tr>";
}

// The facts of a cell's main run, by label.
std::map<std::string, Fact> facts_by_label(const StudyCell& cell) {
  std::map<std::string, Fact> facts;
  if (const RunSummary* run = cell.main_run())
    for (const Fact& fact : facts_of(*run)) facts[fact.label] = fact;
  return facts;
}

std::string shown(const Fact& fact) { return fact.is_hash ? short_hash(fact.value) : escape(fact.value); }

std::string shared_facts(const std::vector<std::pair<std::string, Fact>>& shared) {
  std::string html = "<table class=\"facts\"><tbody>";
  for (const auto& [label, fact] : shared)
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(label), shown(fact));
  return html + "</tbody></table>";
}

}  // namespace

std::string cell_table(const Study& study) {
  const auto metrics = metrics_of(study);
  std::string html = "<table class=\"sortable study\" id=\"cells-table\"><thead><tr>" + header("cell", true);
  for (const StudyColumn& column : study.columns) html += header(column.name, false);
  html += header("state", false);
  for (const std::string& metric : metrics) html += header(metric_title(metric), true);
  html +=
      header("time", true) + header("tokens/s", true) + header("peak memory", true) + "</tr></thead><tbody>";
  for (const StudyCell& cell : study.cells) html += row_of(study, cell, metrics);
  return html + "</tbody></table>";
}

std::string study_provenance(const Study& study) {
  std::vector<std::map<std::string, Fact>> facts;
  std::vector<std::string> order;
  for (const StudyCell& cell : study.cells) {
    facts.push_back(facts_by_label(cell));
    if (const RunSummary* run = cell.main_run())
      for (const Fact& fact : facts_of(*run))
        if (std::ranges::find(order, fact.label) == order.end()) order.push_back(fact.label);
  }
  std::vector<std::pair<std::string, Fact>> shared;
  std::vector<std::string> differing;
  for (const std::string& label : order) {
    std::set<std::string> values;
    for (const auto& one : facts)
      if (one.contains(label)) values.insert(one.at(label).value);
    if (values.size() == 1)
      for (const auto& one : facts)
        if (one.contains(label)) {
          shared.emplace_back(label, one.at(label));
          break;
        }
    if (values.size() > 1) differing.push_back(label);
  }
  std::string html = "<h3>The same in every cell</h3>" + shared_facts(shared);
  html +=
      "<details><summary>What differs, cell by cell</summary><div class=\"scroll tall\" tabindex=\"0\" "
      "role=\"region\" "
      "aria-label=\"Provenance of each cell\"><table class=\"numbers sortable\"><thead><tr>" +
      header("cell", true);
  for (const std::string& label : differing) html += header(label, false);
  html += "</tr></thead><tbody>";
  for (std::size_t i = 0; i < facts.size(); ++i) {
    html += fmt::format("<tr><td data-v=\"{0}\">{0}</td>", study.cells[i].number);
    for (const std::string& label : differing)
      html += fmt::format("<td class=\"word\">{}</td>",
                          facts[i].contains(label) ? shown(facts[i].at(label)) : "");
    html += "</tr>";
  }
  return html + "</tbody></table></div></details>";
}

}  // namespace lethe::report
