// Loss and terms by step: the mean over a group's seeds in the range that they span.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "framework/report/figures/plot.h"
#include "framework/report/html.h"
#include "framework/report/study/study_figures.h"

namespace lethe::report {
namespace {

constexpr std::size_t kMostCurves = 12;  // more cannot be told apart
constexpr std::size_t kMostSteps = 200;  // of a drawing: longer runs are thinned evenly

struct Band {
  double low = INFINITY, high = -INFINITY, sum = 0;
  int count = 0;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
    ++count;
  }
};
using Curve = std::map<std::int64_t, Band>;  // by step

double value_at(const records::StepRecord& step, const std::string& term) {
  if (term.empty()) return step.loss;
  const auto found = step.terms.find(term);
  return found == step.terms.end() ? NAN : found->second;
}

Curve curve_of(const Group& group, const std::string& term) {
  Curve curve;
  for (const StudyCell* cell : group.cells) {
    const RunSummary* run = cell->main_run();
    if (run == nullptr || cell->state != "done") continue;
    const std::size_t every = run->steps.size() / kMostSteps + 1;
    for (std::size_t i = 0; i < run->steps.size(); i += every)
      curve[run->steps[i].step].add(value_at(run->steps[i], term));
  }
  std::erase_if(curve, [](const auto& entry) { return entry.second.count == 0; });
  return curve;
}

struct Panel {
  std::string term;
  std::vector<std::pair<std::size_t, Curve>> curves;  // index of the group
};

Axis value_axis(const Panel& panel) {
  std::vector<double> values;
  for (const auto& [index, curve] : panel.curves)
    for (const auto& [step, band] : curve) values.insert(values.end(), {band.low, band.high});
  Axis axis = axis_over(values, panel.term.empty() ? "weighted sum of terms" : "loss (nats)", false);
  axis.num_ticks = 4;
  move_power_into_label(axis);
  return axis;
}

Drawing draw(const Panel& panel, std::size_t number) {
  const std::string title = panel.term.empty() ? "Total loss" : "Term: " + panel.term;
  Svg svg({420, 230}, fmt::format("curves-{}", number), title, "Mean at each step; bars span the seeds.");
  std::int64_t last = 1;
  for (const auto& [index, curve] : panel.curves) last = std::max(last, curve.rbegin()->first);
  const Plot plot(
      svg,
      {.low = 0, .high = static_cast<double>(last), .label = "step", .has_grid = false, .is_count = true},
      value_axis(panel), 14);
  for (const auto& [index, curve] : panel.curves) {
    std::vector<Point> line;
    for (const auto& [step, band] : curve) {
      const auto x = static_cast<double>(step);
      if (band.count > 1)
        svg.line(plot.at(x, band.low), plot.at(x, band.high), "band " + series_class(index));
      line.push_back(plot.at(x, band.sum / band.count));
    }
    svg.polyline(line, "curve " + series_class(index));
  }
  const std::string drawing = std::move(svg).finish();
  return {title, drawing, drawing};
}

std::vector<std::string> terms_of(const Study& study) {
  std::set<std::string> terms = {""};  // "": the total
  for (const StudyCell& cell : study.cells)
    if (const RunSummary* run = cell.main_run())
      for (const auto& step : run->steps)
        for (const auto& [term, value] : step.terms) terms.insert(term);
  return {terms.begin(), terms.end()};
}

}  // namespace

Figure curves_figure(const Study& study) {
  Figure figure{.id = "curves", .title = "How the training went"};
  const auto groups = groups_of(study);
  for (const std::string& term : terms_of(study)) {
    Panel panel{.term = term};
    for (std::size_t i = 0; i < std::min(groups.size(), kMostCurves); ++i)
      if (Curve curve = curve_of(groups[i], term); !curve.empty())
        panel.curves.emplace_back(i, std::move(curve));
    if (!panel.curves.empty()) figure.drawings.push_back(draw(panel, figure.drawings.size()));
  }
  if (figure.drawings.empty()) return figure;
  figure.lead = "The mean over seeds of each method, and the range that its seeds span.";
  if (groups.size() > kMostCurves)
    figure.lead += fmt::format(" Only the first {} of {} methods.", kMostCurves, groups.size());
  std::string items;
  for (std::size_t i = 0; i < std::min(groups.size(), kMostCurves); ++i)
    items += fmt::format("<li>{} {}</li>", legend_marker(static_cast<int>(i), "dot " + series_class(i)),
                         escape(groups[i].label));
  figure.legend = "<ul class=\"legend\">" + items + "</ul>";
  return figure;
}

}  // namespace lethe::report
