#include "framework/report/page_parts.h"

#include <fmt/format.h>

#include "framework/report/html.h"

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

std::string navigation(const std::vector<PageSection>& sections) {
  std::string items;
  for (const PageSection& s : sections)
    if (!s.html.empty()) items += fmt::format("<li><a href=\"#{}\">{}</a></li>", s.id, s.short_title);
  return fmt::format("<nav aria-label=\"Sections\"><ul>{}</ul></nav>\n", items);
}

// Scripts run only where the page brings one of its own.
std::string policy_of(const PageFrame& frame) {
  return std::string("default-src 'none'; style-src 'unsafe-inline'") +
         (frame.script.empty() ? "" : "; script-src 'unsafe-inline'");
}

std::string head_of(const PageFrame& frame) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"{}\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{} \u00B7 lethe</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n",
      policy_of(frame), escape(frame.title), frame.style);
}

}  // namespace

std::string page_section(const std::string& id, const std::string& title, const std::string& lead,
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
  return page_section(figure.id, figure.title, figure.lead, content);
}

std::string whole_page(const PageFrame& frame, const std::vector<PageSection>& sections) {
  std::string html = head_of(frame);
  html += fmt::format("<header><p class=\"over\">{}</p><h1>{}</h1>{}</header>\n", escape(frame.over),
                      escape(frame.title), frame.head);
  html += navigation(sections) + "<main id=\"main\">\n";
  for (const PageSection& s : sections) html += s.html;
  html += fmt::format("</main>\n<footer><p>{}</p></footer>\n", escape(frame.footer));
  if (!frame.script.empty()) html += fmt::format("<script>{}</script>\n", frame.script);
  return html + "</body>\n</html>\n";
}

}  // namespace lethe::report
