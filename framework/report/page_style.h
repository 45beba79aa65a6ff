// The one style sheet of a report: light and dark, wide and narrow, screen and paper.
#pragma once

#include <string_view>

namespace lethe::report {

[[nodiscard]] std::string_view page_style();

}  // namespace lethe::report
