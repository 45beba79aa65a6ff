// Groups side by side that differ in one thing: what another sampler changes, and what methods come to on
// each set of samples to forget (a stratum of stated difficulty, a split).
#include <fmt/format.h>

#include <algorithm>

#include "framework/report/html.h"
#include "framework/report/study/study_figures.h"
#include "framework/report/study/study_table.h"

namespace lethe::report {
namespace {

using Block = std::vector<const Group*>;

// Its settings are part of it: of single runs, a sampler's own stand in columns that no other sampler has.
bool is_sampler(const std::string& column) { return column == "sampler" || column.starts_with("sampler."); }

bool agree_but_for(const Study& study, const Group& a, const Group& b, ColumnRule is_part) {
  std::size_t at = 0;
  for (const StudyColumn& column : study.columns) {
    if (column.is_repeat) continue;
    if (!is_part(column.name) && a.values[at] != b.values[at]) return false;
    ++at;
  }
  return true;
}

// Groups that agree in everything else, each in the order of the study.
std::vector<Block> blocks_of(const Study& study, const std::vector<Group>& groups, ColumnRule is_part) {
  std::vector<Block> blocks;
  for (const Group& group : groups) {
    auto block = std::ranges::find_if(
        blocks, [&](const Block& b) { return agree_but_for(study, *b.front(), group, is_part); });
    if (block == blocks.end()) block = blocks.insert(blocks.end(), Block{});
    block->push_back(&group);
  }
  return blocks;
}

std::string difference_row(const Study& study, const Group& base, const Group& other,
                           const std::vector<std::string>& metrics) {
  std::string html = fmt::format("<tr><th scope=\"row\">{}</th><td class=\"word\">{} \u2212 {}</td>",
                                 escape(values_where(study, base, is_sampler, false)),
                                 escape(values_where(study, other, is_sampler)),
                                 escape(values_where(study, base, is_sampler)));
  for (const std::string& metric : metrics) {
    const auto difference = paired_difference(study, other, base, metric);
    html += difference ? fmt::format("<td>{}</td>", escape(interval_text(*difference, true)))
                       : "<td class=\"none\">\u2013</td>";
  }
  return html + "</tr>";
}

std::string or_all(const std::string& samples) { return samples.empty() ? "all samples" : samples; }

std::vector<std::string> sample_sets_of(const Study& study, const std::vector<Group>& groups) {
  std::vector<std::string> sets;
  for (const Group& group : groups)
    if (std::ranges::find(sets, samples_of(study, group)) == sets.end())
      sets.push_back(samples_of(study, group));
  return sets;
}

// One method's metric on each set of samples.
std::string stratum_row(const Study& study, const std::vector<Group>& groups, const Block& method,
                        const std::vector<std::string>& sets, const std::string& metric) {
  const std::string rest = values_where(study, *method.front(), chooses_samples, false);
  std::string html = fmt::format("<tr><th scope=\"row\">{}</th>", escape(rest.empty() ? "all cells" : rest));
  for (const std::string& set : sets) {
    const auto group = std::ranges::find(method, set, [&](const Group* g) { return samples_of(study, *g); });
    html += group == method.end() ? "<td class=\"none\">\u2013</td>"
                                  : value_cell(study, **group, baseline_of(study, groups, **group), metric);
  }
  return html + "</tr>";
}

// What the model came to on each set before it was trained; empty where no run said.
std::string before_row(const Study& study, const std::vector<Group>& groups,
                       const std::vector<std::string>& sets, const std::string& metric) {
  std::string cells;
  bool is_known = false;
  for (const std::string& set : sets) {
    std::vector<const StudyCell*> members;
    for (const Group& group : groups)
      if (samples_of(study, group) == set)
        members.insert(members.end(), group.cells.begin(), group.cells.end());
    const std::string text = before_text(members, metric);
    is_known = is_known || !text.empty();
    cells += fmt::format("<td>{}</td>", text.empty() ? "\u2013" : text);
  }
  return is_known ? "<tr><th scope=\"row\">before training</th>" + cells + "</tr>" : "";
}

// Not those of the same samples in each column.
std::vector<std::string> metrics_of_strata(const Study& study) {
  std::vector<std::string> metrics = metrics_of(study);
  if (mixes_up_samples(study)) std::erase_if(metrics, is_to_forget);
  return metrics;
}

std::string strata_title(const Study& study) {
  const bool only_strata = std::ranges::all_of(study.columns, [](const StudyColumn& column) {
    return !chooses_samples(column.name) || column.name.starts_with("data.forget.select");
  });
  return only_strata ? "Methods on samples of each difficulty" : "Methods on each forget set";
}

}  // namespace

Figure sampler_figure(const Study& study) {
  Figure figure{.id = "samplers", .title = "What the sampler changes"};
  const auto groups = groups_of(study);
  const auto metrics = metrics_of(study);
  std::string rows;
  for (const Block& block : blocks_of(study, groups, is_sampler))
    for (std::size_t i = 1; i < block.size(); ++i)
      rows += difference_row(study, *block.front(), *block[i], metrics);
  if (rows.empty()) return figure;
  figure.lead =
      "Paired over seeds: the same configuration and seed with another sampler or other settings of it, "
      "\u00B1 95 % interval of the mean difference.";
  std::string head = "<thead><tr><th>method</th><th class=\"word\">difference</th>";
  for (const std::string& metric : metrics) head += fmt::format("<th>{}</th>", escape(metric_title(metric)));
  figure.numbers = head + "</tr></thead><tbody>" + rows + "</tbody>";
  return figure;
}

Figure strata_figure(const Study& study) {
  Figure figure{.id = "strata", .title = strata_title(study)};
  const auto groups = groups_of(study);
  const auto sets = sample_sets_of(study, groups);
  const auto metrics = metrics_of_strata(study);
  if (sets.size() < 2 || metrics.empty()) return figure;
  figure.lead =
      "Compare methods within a column: each column holds other samples, which the model knew differently "
      "well before. Means over seeds \u00B1 95 % interval; below, the paired difference to the first method "
      "on "
      "the same samples, bold where its interval does not hold zero.";
  if (const std::string note = other_samples_note(study); !note.empty()) figure.lead += " " + note;
  std::string rows = "<thead><tr><th>method</th>";
  for (const std::string& set : sets) rows += fmt::format("<th>{}</th>", escape(or_all(set)));
  rows += "</tr></thead><tbody>";
  const auto methods = blocks_of(study, groups, chooses_samples);
  for (const std::string& metric : metrics) {
    rows += fmt::format("<tr class=\"set\"><th colspan=\"{}\" scope=\"rowgroup\">{}{}</th></tr>",
                        sets.size() + 1, escape(metric_title(metric)), goal_arrow(study, metric));
    rows += before_row(study, groups, sets, metric);
    for (const Block& method : methods) rows += stratum_row(study, groups, method, sets, metric);
  }
  figure.numbers = rows + "</tbody>";
  return figure;
}

}  // namespace lethe::report
