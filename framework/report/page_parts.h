// What pages are put together from: sections, figures, the frame around them.
#pragma once

#include <string>
#include <vector>

#include "framework/report/figures/figures.h"

namespace lethe::report {

struct PageSection {
  std::string id, short_title, html;  // empty html: left out
};

struct PageFrame {
  std::string title;  // plain text
  std::string over = "What was forgotten, what was kept";
  std::string head;  // HTML below the title
  std::string style, script;
  std::string footer = "Made by lethe from the records of these runs; this file needs no network.";
};

[[nodiscard]] std::string page_section(const std::string& id, const std::string& title,
                                       const std::string& lead, const std::string& content);
[[nodiscard]] std::string figure_section(const Figure& figure);
// A complete HTML document with navigation. Nothing is loaded; the only script is the given one.
[[nodiscard]] std::string whole_page(const PageFrame& frame, const std::vector<PageSection>& sections);

}  // namespace lethe::report
