// Forgotten against kept: one point for each evaluation of each run. Up and to the right is better.
#include <fmt/format.h>

#include <algorithm>

#include "framework/report/figures/figures.h"
#include "framework/report/figures/plot.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

bool is_repeated(const std::vector<TradeOffPoint>& points, const TradeOffPoint& point) {
  return point.tag != "after" && point.tag != "before" &&
         std::ranges::any_of(
             points, [&](const TradeOffPoint& p) { return p.tag == "after" && p.step == point.step; });
}

std::vector<TradeOffPoint> shown_points(const RunSummary& run, const std::string& metric) {
  const auto all = trade_off_of(run, metric);
  std::vector<TradeOffPoint> points;
  std::ranges::copy_if(all, std::back_inserter(points),
                       [&](const TradeOffPoint& p) { return !is_repeated(all, p); });
  return points;
}

void draw_run(Svg& svg, const Plot& plot, const RunSummary& run, std::size_t index,
              const std::string& metric) {
  const auto points = shown_points(run, metric);
  const std::string series = series_class(index);
  std::vector<Point> path;
  for (const TradeOffPoint& p : points) path.push_back(plot.at(1 - p.forget, p.keep));
  svg.polyline(path, "trail " + series);
  for (const TradeOffPoint& p : points) {
    const bool is_before = p.tag == "before", is_end = &p == &points.back();
    const std::string tip = fmt::format("{}, {} (step {}): forgotten {}, kept {}", run.name, p.tag, p.step,
                                        fixed(1 - p.forget, 3), fixed(p.keep, 3));
    svg.marker(plot.at(1 - p.forget, p.keep), is_end || is_before ? 6.5 : 4,
               is_before ? 0 : static_cast<int>(index), is_before ? "hollow" : "dot " + series, tip);
  }
}

void label_before(Svg& svg, const Plot& plot, const std::vector<RunSummary>& runs,
                  const std::string& metric) {
  for (const RunSummary& run : runs)
    for (const TradeOffPoint& p : trade_off_of(run, metric)) {
      if (p.tag != "before") continue;
      const auto [x, y] = plot.at(1 - p.forget, p.keep);
      svg.text({x, y - 13}, "before", "note", "middle");
      return;  // runs that are compared start from one model
    }
}

std::string draw(const std::vector<RunSummary>& runs, const std::string& metric, Size size,
                 const std::string& id) {
  const std::string label = metric_named(metric).label;
  Svg svg(size, id, "Forgotten against kept",
          "One path a run, from before to after; up and to the right is better.");
  const Plot plot(
      svg, {.low = 0, .high = 1, .label = fmt::format("forgotten: 1 \u2212 {} on the forget set", label)},
      {.low = 0, .high = 1, .label = fmt::format("kept: {} on the retain set", label)}, 20);
  svg.text({plot.right() - 8, plot.top() + 18}, "better \u2197", "note", "end");
  for (std::size_t i = 0; i < runs.size(); ++i) draw_run(svg, plot, runs[i], i, metric);
  label_before(svg, plot, runs, metric);
  return std::move(svg).finish();
}

std::string numbers_of(const std::vector<RunSummary>& runs, const std::string& metric) {
  std::string rows;
  for (const RunSummary& run : runs)
    for (const TradeOffPoint& p : shown_points(run, metric))
      rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                          escape(run.name), escape(p.tag), p.step, fixed(1 - p.forget, 4), fixed(p.keep, 4));
  return "<thead><tr><th>run</th><th>moment</th><th>step</th><th>forgotten</th><th>kept</th></tr></"
         "thead><tbody>" +
         rows + "</tbody>";
}

}  // namespace

Figure trade_off_figure(const std::vector<RunSummary>& runs) {
  Figure figure{.id = "trade-off", .title = "Forgotten against kept", .legend = run_legend(runs)};
  const std::string metric = trade_off_metric(runs);
  if (metric.empty()) return figure;
  figure.lead =
      "Every evaluation is a point; a path follows one run from before (hollow) to after. A perfect run goes "
      "straight to the right.";
  figure.drawings.push_back({"", draw(runs, metric, {900, 380}, "trade-off-wide"),
                             draw(runs, metric, {360, 340}, "trade-off-narrow")});
  figure.numbers = numbers_of(runs, metric);
  return figure;
}

}  // namespace lethe::report
