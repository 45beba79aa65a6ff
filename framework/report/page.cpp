// The page: sections in the order in which a reader asks (render_html and write_report in report.h).
#include <fmt/format.h>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/report/comparison.h"
#include "framework/report/figures/figures.h"
#include "framework/report/html.h"
#include "framework/report/page_style.h"
#include "framework/report/report.h"
#include "framework/report/tables.h"

namespace lethe::report {
namespace {

std::string drawing_html(const Drawing& drawing) {
  const std::string caption =
      drawing.caption.empty() ? "" : fmt::format("<figcaption>{}</figcaption>", escape(drawing.caption));
  if (drawing.wide == drawing.narrow)
    return fmt::format("<figure class=\"small\">{}{}</figure>", caption, drawing.wide);
  return fmt::format("<figure>{}<div class=\"wide\">{}</div><div class=\"narrow\">{}</div></figure>", caption,
                     drawing.wide, drawing.narrow);
}

std::string section(const std::string& id, const std::string& title, const std::string& lead,
                    const std::string& content) {
  const std::string paragraph = lead.empty() ? "" : fmt::format("<p class=\"lead\">{}</p>", escape(lead));
  return fmt::format(
      "<section id=\"{0}\" aria-labelledby=\"{0}-h\"><h2 id=\"{0}-h\">{1}</h2>{2}{3}</section>\n", id,
      escape(title), paragraph, content);
}

std::string figure_section(const Figure& figure) {
  if (figure.drawings.empty()) return "";
  std::string content = figure.legend + "<div class=\"drawings\">";
  for (const Drawing& drawing : figure.drawings) content += drawing_html(drawing);
  content += "</div>";
  if (!figure.numbers.empty())
    content += fmt::format(
        "<details><summary>The numbers behind it</summary><div class=\"scroll tall\" tabindex=\"0\" "
        "role=\"region\" aria-label=\"{}: numbers\">"
        "<table class=\"numbers\">{}</table></div></details>",
        escape(figure.title), figure.numbers);
  return section(figure.id, figure.title, figure.lead, content);
}

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
  return section("examples", "Questions and answers",
                 "The same questions before and after, spread evenly over the sets and not picked. "
                 "Underlined: words that the expected answer also has.",
                 content);
}

std::string table_section(const std::vector<RunSummary>& runs) {
  const std::string table = change_table(runs);
  if (table.empty()) return "";
  return section(
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
  return section("missing", "What this report cannot say", "", content);
}

std::string title_of(const std::vector<RunSummary>& runs) {
  return runs.size() == 1 ? runs.front().name : fmt::format("{} runs compared", runs.size());
}

std::string header_html(const std::vector<RunSummary>& runs) {
  std::string html = fmt::format("<header><p class=\"over\">What was forgotten, what was kept</p><h1>{}</h1>",
                                 escape(title_of(runs)));
  for (const RunSummary& run : runs) {
    const std::string name = runs.size() > 1 ? fmt::format("<strong>{}.</strong> ", escape(run.name)) : "";
    html += fmt::format("<p class=\"summary\">{}{}</p>", name, escape(plain_summary(run)));
  }
  return html + "</header>\n";
}

struct Section {
  std::string id, short_title, html;
};

std::string navigation(const std::vector<Section>& sections) {
  std::string items;
  for (const Section& s : sections)
    if (!s.html.empty()) items += fmt::format("<li><a href=\"#{}\">{}</a></li>", s.id, s.short_title);
  return fmt::format("<nav aria-label=\"Sections\"><ul>{}</ul></nav>\n", items);
}

}  // namespace

std::string render_html(const std::vector<RunSummary>& runs) {
  LETHE_CHECK(!runs.empty(), "a report needs a run");
  const std::vector<Section> sections{
      {"change", "Change", figure_section(change_figure(runs))},
      {"table", "Table", table_section(runs)},
      {"examples", "Answers", example_section(runs)},
      {"trade-off", "Trade-off", figure_section(trade_off_figure(runs))},
      {"loss", "Training", figure_section(loss_figure(runs))},
      {"difficulty", "Difficulty", figure_section(difficulty_figure(runs))},
      {"characteristics", "Characteristics", figure_section(characteristics_figure(runs))},
      {"coverage", "Sampler", figure_section(coverage_figure(runs))},
      {"provenance", "Provenance",
       section("provenance", "Where it came from",
               runs.size() > 1 ? "Rows in which the runs differ are marked." : "", provenance_table(runs))},
      {"missing", "Limits", missing_section(runs)}};
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{} \u00B7 "
      "lethe</title>\n<style>{}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to "
      "content</a>\n",
      escape(title_of(runs)), page_style());
  html += header_html(runs) + navigation(sections) + "<main id=\"main\">\n";
  for (const Section& s : sections) html += s.html;
  return html + fmt::format(
                    "</main>\n<footer><p>Made by lethe from the records of {}; this file needs no "
                    "network.</p></footer>\n</body>\n</html>\n",
                    runs.size() == 1 ? "the run" : "these runs");
}

ReportFiles write_report(const std::vector<std::filesystem::path>& run_folders,
                         const std::filesystem::path& out) {
  std::vector<RunSummary> runs;
  for (const auto& folder : run_folders) runs.push_back(load_run(folder));
  const ReportFiles files{out / "report.html", out / "report.md", out / "report.csv"};
  base::write_file_atomically(files.markdown, render_markdown(runs));
  base::write_file_atomically(files.csv, metrics_csv(runs));
  base::write_file_atomically(files.html, render_html(runs));
  return files;
}

}  // namespace lethe::report
