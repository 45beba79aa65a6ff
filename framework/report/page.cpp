// The page: sections in the order in which a reader asks (render_html in report.h).
#include <fmt/format.h>

#include "framework/base/error.h"
#include "framework/report/comparison.h"
#include "framework/report/extremes.h"
#include "framework/report/figures/figures.h"
#include "framework/report/html.h"
#include "framework/report/page_parts.h"
#include "framework/report/page_style.h"
#include "framework/report/report.h"
#include "framework/report/tables.h"

namespace lethe::report {
namespace {

std::string answer_row(const std::string& label, const std::string& text, const std::string& css_class) {
  const std::string shown = text.empty() ? "<em>nothing</em>" : text;
  return fmt::format("<div class=\"answer {}\"><dt>{}</dt><dd>{}</dd></div>", css_class, label, shown);
}

// Runs that are compared start from one model, so their answers before are shown once where they agree.
std::string example_card(const Example& example, const std::vector<RunSummary>& runs) {
  if (example.purged)
    return fmt::format("<article class=\"card\"><p><em>Row {}: the texts were purged.</em></p></article>",
                       example.row);
  std::string rows = answer_row("expected", escape(example.answer), "expected");
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const bool is_repeated = i > 0 && example.before[i] == example.before[0];
    const std::string of_run =
        runs.size() > 1 ? fmt::format(" <span class=\"run\">{}</span>", escape(runs[i].name)) : "";
    if (!is_repeated)
      rows += answer_row("before" + (i > 0 ? of_run : ""), marked_words(example.before[i], example.answer),
                         "before");
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string of_run =
        runs.size() > 1 ? fmt::format(" <span class=\"run\">{}</span>", escape(runs[i].name)) : "";
    rows += answer_row("after" + of_run, marked_words(example.after[i], example.answer), "after");
  }
  return fmt::format("<article class=\"card\"><h4>{}</h4><dl>{}</dl></article>", escape(example.question),
                     rows);
}

std::string example_section(const std::vector<RunSummary>& runs) {
  std::string content;
  for (const auto& [set, count] : {std::pair{"forget", 5}, std::pair{"retain", 2}, std::pair{"general", 1}}) {
    const auto examples = examples_of(runs, set, static_cast<std::size_t>(count));
    if (examples.empty()) continue;
    content += fmt::format("<h3>{}</h3><div class=\"cards\">", escape(set_label(set)));
    for (const Example& example : examples) content += example_card(example, runs);
    content += "</div>";
  }
  if (content.empty()) return "";
  return page_section("examples", "Questions and answers",
                      "The same questions before and after, spread evenly over the sets and not picked. "
                      "Underlined: words that the expected answer also has.",
                      content);
}

std::string table_section(const std::vector<RunSummary>& runs) {
  const std::string table = change_table(runs);
  if (table.empty()) return "";
  return page_section(
      "table", "Before and after",
      "Means over samples, \u00B1 one standard error; the error of a change is that of paired differences. "
      "An arrow says which way is better. Bold changes are beyond two standard errors: \u2714 for the "
      "better, \u2716 for the worse.",
      fmt::format(
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Before and after\">{}</div>",
          table));
}

std::string missing_section(const std::vector<RunSummary>& runs) {
  std::string content;
  for (const RunSummary& run : runs) {
    if (runs.size() > 1) content += fmt::format("<h3>{}</h3>", escape(run.name));
    content += "<ul class=\"missing\">";
    for (const std::string& note : missing_from(run)) content += fmt::format("<li>{}</li>", escape(note));
    content += "</ul>";
  }
  return page_section("missing", "What this report cannot say", "", content);
}

// The runs that something can be said of before and after: those that come first (write_report sorts them so
// that a run keeps its colour in every figure), or all where none was evaluated.
std::vector<RunSummary> evaluated(const std::vector<RunSummary>& runs) {
  std::vector<RunSummary> first;
  for (const RunSummary& run : runs) {
    if (run.evaluations.empty()) break;
    first.push_back(run);
  }
  return first.empty() ? runs : first;
}

std::string title_of(const std::vector<RunSummary>& runs) {
  return runs.size() == 1 ? runs.front().name : fmt::format("{} runs compared", runs.size());
}

std::string head_of(const std::vector<RunSummary>& runs) {
  std::string html;
  for (const RunSummary& run : runs) {
    const std::string name = runs.size() > 1 ? fmt::format("<strong>{}.</strong> ", escape(run.name)) : "";
    html += fmt::format("<p class=\"summary\">{}{}</p>", name, escape(plain_summary(run)));
  }
  return html;
}

}  // namespace

std::string render_html(const std::vector<RunSummary>& runs) {
  LETHE_CHECK(!runs.empty(), "a report needs a run");
  const std::vector<RunSummary> told = evaluated(runs);
  const std::vector<PageSection> sections{
      {"change", "Change", figure_section(change_figure(told))},
      {"table", "Table", table_section(told)},
      {"examples", "Answers", example_section(told)},
      {"trade-off", "Trade-off", figure_section(trade_off_figure(told))},
      {"loss", "Training", figure_section(loss_figure(runs))},
      {"difficulty", "Difficulty", figure_section(difficulty_figure(runs))},
      {"extremes", "Easy and hard", runs.size() == 1 ? extremes_section(runs.front()) : ""},
      {"characteristics", "Characteristics", figure_section(characteristics_figure(runs))},
      {"coverage", "Sampler", figure_section(coverage_figure(runs))},
      {"provenance", "Provenance",
       page_section("provenance", "Where it came from",
                    runs.size() > 1 ? "Rows in which the runs differ are marked." : "",
                    provenance_table(runs))},
      {"missing", "Limits", missing_section(runs)}};
  return whole_page(
      {.title = title_of(runs),
       .head = head_of(runs),
       .style = std::string(page_style()),
       .footer = fmt::format("Made by lethe from the records of {}; this file needs no network.",
                             runs.size() == 1 ? "the run" : "these runs")},
      sections);
}

}  // namespace lethe::report
