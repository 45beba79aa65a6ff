// Forgotten against kept: one point a group, with its confidence intervals; the front is joined.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "framework/report/figures/plot.h"
#include "framework/report/html.h"
#include "framework/report/study/study_figures.h"
#include "framework/report/study/study_table.h"

namespace lethe::report {
namespace {

struct ParetoPoint {
  std::string label, samples;
  Interval forgotten, kept;  // forgotten: 1 - the metric on the forget set
  bool on_front = false;
};

// The metric that both sets have.
std::string shared_metric(const Study& study) {
  const auto names = metrics_of(study);
  for (const std::string metric : {"probability", "rougeL_recall"})
    if (std::ranges::find(names, "forget." + metric) != names.end() &&
        std::ranges::find(names, "retain." + metric) != names.end())
      return metric;
  return "";
}

std::vector<ParetoPoint> points_of(const Study& study, const std::string& metric) {
  const auto groups = groups_of(study);
  std::vector<ParetoPoint> points;
  for (const Group& group : groups) {
    auto forgotten = interval_of(group.metric("forget." + metric));
    const auto kept = interval_of(group.metric("retain." + metric));
    if (!forgotten || !kept) continue;
    forgotten->mean = 1 - forgotten->mean;
    points.push_back({group.label, samples_of(study, group), *forgotten, *kept,
                      is_on_front(study, groups, group, "forget." + metric, "retain." + metric)});
  }
  return points;
}

// The metrics are probabilities and shares: an interval may reach where no value can lie.
double least_of(const Interval& interval) {
  return std::max(0.0, interval.mean - interval.half_width.value_or(0));
}
double most_of(const Interval& interval) {
  return std::min(1.0, interval.mean + interval.half_width.value_or(0));
}

Axis axis_of(const std::vector<ParetoPoint>& points, std::string label, Interval ParetoPoint::*side) {
  std::vector<double> values;
  for (const ParetoPoint& p : points) {
    const Interval& interval = p.*side;
    values.push_back(least_of(interval));
    values.push_back(most_of(interval));
  }
  return axis_over(values, std::move(label), /*from_zero=*/false);
}

void draw_point(Svg& svg, const Plot& plot, const ParetoPoint& p, std::size_t index) {
  const std::string series = series_class(index);
  const double x = p.forgotten.mean, y = p.kept.mean;
  if (p.forgotten.half_width)
    svg.line(plot.at(least_of(p.forgotten), y), plot.at(most_of(p.forgotten), y), "whisker " + series);
  if (p.kept.half_width)
    svg.line(plot.at(x, least_of(p.kept)), plot.at(x, most_of(p.kept)), "whisker " + series);
  svg.marker(
      plot.at(x, y), p.on_front ? 7 : 5, static_cast<int>(index), (p.on_front ? "dot " : "open ") + series,
      fmt::format("{}: forgotten {}, kept {}", p.label, interval_text(p.forgotten), interval_text(p.kept)));
}

// One line for each set of samples to forget.
void draw_fronts(Svg& svg, const Plot& plot, const std::vector<ParetoPoint>& points) {
  std::map<std::string, std::vector<ParetoPoint>> fronts;
  for (const ParetoPoint& p : points)
    if (p.on_front) fronts[p.samples].push_back(p);
  for (auto& [samples, front] : fronts) {
    std::ranges::sort(front, {}, [](const ParetoPoint& p) { return p.forgotten.mean; });
    std::vector<Point> line;
    for (const ParetoPoint& p : front) line.push_back(plot.at(p.forgotten.mean, p.kept.mean));
    svg.polyline(line, "axis curve");
  }
}

std::string draw(const std::vector<ParetoPoint>& points, const std::string& metric, Size size,
                 const std::string& id) {
  const std::string label = metric_named(metric).label;
  Svg svg(size, id, "Forgotten against kept", "One point a method; up and to the right is better.");
  const Plot plot(svg,
                  axis_of(points, fmt::format("forgotten: 1 \u2212 {} on the forget set", label),
                          &ParetoPoint::forgotten),
                  axis_of(points, fmt::format("kept: {} on the retain set", label), &ParetoPoint::kept), 20);
  draw_fronts(svg, plot, points);
  for (std::size_t i = 0; i < points.size(); ++i) draw_point(svg, plot, points[i], i);
  return std::move(svg).finish();
}

std::string legend(const std::vector<ParetoPoint>& points) {
  std::string items;
  for (std::size_t i = 0; i < points.size(); ++i)
    items += fmt::format("<li>{} {}</li>", legend_marker(static_cast<int>(i), "dot " + series_class(i)),
                         escape(points[i].label));
  return "<ul class=\"legend\">" + items + "</ul>";
}

std::string numbers(const std::vector<ParetoPoint>& points) {
  std::string rows;
  for (const ParetoPoint& p : points)
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
                        escape(p.label), escape(interval_text(p.forgotten)), escape(interval_text(p.kept)),
                        p.on_front ? "yes" : "no");
  return "<thead><tr><th>method</th><th>forgotten</th><th>kept</th><th>on the "
         "front</th></tr></thead><tbody>" +
         rows + "</tbody>";
}

}  // namespace

Figure pareto_figure(const Study& study) {
  Figure figure{.id = "pareto", .title = "Forgotten against kept"};
  const std::string metric = shared_metric(study);
  if (metric.empty()) return figure;
  const auto points = points_of(study, metric);
  if (points.empty()) return figure;
  figure.lead =
      "One point a method, the mean over its seeds; whiskers are 95 % intervals, cut at 0 and 1. Filled "
      "points are on the "
      "front: no other method forgets more and keeps more of the same samples.";
  figure.legend = legend(points);
  figure.drawings.push_back({"", draw(points, metric, {900, 420}, "pareto-wide"),
                             draw(points, metric, {360, 340}, "pareto-narrow")});
  figure.numbers = numbers(points);
  return figure;
}

}  // namespace lethe::report
