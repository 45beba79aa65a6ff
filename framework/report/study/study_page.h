// The page of a study: one self-contained HTML file with a small script of its own (sorting and filtering),
// no network.
#pragma once

#include <string>

#include "framework/report/study/study.h"

namespace lethe::report {

[[nodiscard]] std::string render_study(const Study& study);
// The Pareto drawing as a file of its own, for papers; empty where there is nothing to draw.
[[nodiscard]] std::string pareto_svg(const Study& study);
// Sorting by the headers' buttons, filtering by words; works without a mouse.
[[nodiscard]] std::string_view study_script();

}  // namespace lethe::report
