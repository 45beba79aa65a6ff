#include "framework/report/study/study_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/report/html.h"
#include "framework/report/page_parts.h"
#include "framework/report/page_style.h"
#include "framework/report/study/study_figures.h"
#include "framework/report/study/study_table.h"

namespace lethe::report {
namespace {

constexpr std::string_view kStudyStyle = R"css(
.sort{all:unset;cursor:pointer;white-space:nowrap}.sort:focus-visible{outline:2px solid var(--s0);outline-offset:3px;border-radius:3px}
[aria-sort=ascending] .sort::after{content:" \25B2";font-size:.75em}[aria-sort=descending] .sort::after{content:" \25BC";font-size:.75em}
.study td,.study th{vertical-align:top}.word{text-align:left}th .sort{color:inherit}.clear{font-weight:650;color:var(--ink)}
.filter{font:inherit;padding:8px 12px;border:1px solid var(--faint);border-radius:6px;background:var(--card);color:var(--ink);width:min(100%,22em)}
.tools{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;margin:0 0 12px}.tools output{color:var(--soft);font-size:.9rem}
.tools[hidden]{display:none}.band{stroke:var(--c);stroke-width:5;opacity:.22}.failed,.invalid,.blocked{color:var(--bad)}
td.text{text-align:left;white-space:normal;min-width:14em}.spark{width:66px;fill:none;stroke:var(--s0);stroke-width:1.5}
tfoot th,tfoot td{color:var(--soft);border-bottom:0}tfoot th{font-weight:400;text-align:left}.compare tbody th{white-space:normal;overflow-wrap:anywhere;min-width:9em}.compare .set th{overflow-wrap:normal}
.study th:first-child,.study td:first-child{position:sticky;left:0;background:var(--paper)}
)css";

std::string filtered(const std::string& table_id, const std::string& label, const std::string& table) {
  return fmt::format(
      "<div class=\"tools needs-script\" hidden><label for=\"{0}-filter\">{1}</label><input class=\"filter\" "
      "type=\"search\" id=\"{0}-filter\" data-table=\"{0}\" data-count=\"{0}-count\" "
      "autocomplete=\"off\"><output "
      "id=\"{0}-count\" for=\"{0}-filter\"></output></div><div class=\"scroll\" tabindex=\"0\" "
      "role=\"region\" "
      "aria-label=\"{1}\">{2}</div>",
      table_id, escape(label), table);
}

std::string opening(const Study& study) {
  const auto done = std::ranges::count(study.cells, "done", &StudyCell::state);
  const auto groups = groups_of(study);
  std::string text =
      fmt::format("{} of {} cells are done: {} methods", done, study.cells.size(), groups.size());
  std::size_t seeds = 0;
  for (const Group& group : groups) seeds = std::max(seeds, group.num_measured());
  text += seeds > 1 ? fmt::format(", up to {} seeds each.", seeds)
                    : ", one seed each: nothing here has an interval.";
  return text;
}

std::string open_table(const Figure& figure) {
  return figure.numbers.empty()
             ? ""
             : page_section(
                   figure.id, figure.title, figure.lead,
                   fmt::format(
                       "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table "
                       "class=\"numbers compare\">{}</table></div>",
                       escape(figure.title), figure.numbers));
}

std::string methods_lead(const Study& study) {
  const std::string note = other_samples_note(study);
  return "Means over seeds \u00B1 half width of the 95 % confidence interval; below, the paired "
         "difference to the first method on the same samples, bold where its interval does not hold "
         "zero. Press a heading to sort." +
         (note.empty() ? "" : " " + note);
}

std::string missing(const Study& study) {
  std::string items;
  for (const std::string& note : missing_from(study)) items += fmt::format("<li>{}</li>", escape(note));
  return page_section(
      "missing", "What this report cannot say", "",
      items.empty() ? "<p>Nothing that it knows of.</p>" : "<ul class=\"missing\">" + items + "</ul>");
}

}  // namespace

std::string render_study(const Study& study) {
  const std::string samples = sample_tables(study);
  const std::vector<PageSection> sections{
      {"methods-section", "Methods",
       page_section("methods-section", "Methods", methods_lead(study),
                    filtered("methods", "Filter methods", method_table(study)))},
      {"pareto", "Trade-off", figure_section(pareto_figure(study))},
      {"samplers", "Samplers", open_table(sampler_figure(study))},
      {"strata", "Forget sets", open_table(strata_figure(study))},
      {"curves", "Training", figure_section(curves_figure(study))},
      {"cells", "Cells",
       page_section("cells", "Cells", "Every cell with its last measurements, time, speed and memory.",
                    filtered("cells-table", "Filter cells", cell_table(study)))},
      {"samples", "Samples",
       samples.empty()
           ? ""
           : page_section("samples", "Sample by sample",
                          "What is to be forgotten: how hard, how often seen, and what is left of it.",
                          samples)},
      {"provenance", "Provenance",
       page_section("provenance", "Where it came from", "", study_provenance(study))},
      {"missing", "Limits", missing(study)}};
  return whole_page({.title = study.name,
                     .head = fmt::format("<p class=\"summary\">{}</p>", escape(opening(study))),
                     .style = std::string(page_style()) + std::string(kStudyStyle),
                     .script = std::string(study_script())},
                    sections);
}

std::string pareto_svg(const Study& study) {
  const Figure figure = pareto_figure(study);
  if (figure.drawings.empty()) return "";
  std::string svg = figure.drawings.front().wide;
  if (svg.find("xmlns=") == std::string::npos)
    svg.replace(svg.find("<svg"), 4, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
  const auto end = svg.find('>', svg.find("<svg"));
  // The page's classes, with the light scheme's colours.
  return svg.insert(end + 1,
                    fmt::format("<style>svg{{font:12px sans-serif;--c:#2459b3}}{}</style>", page_style()));
}

}  // namespace lethe::report
