// How often the sampler drew each forget sample, beside how often its weights said it would.
#include <fmt/format.h>

#include <algorithm>

#include "framework/report/figures/figures.h"
#include "framework/report/figures/plot.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

std::string draw(const std::vector<Coverage>& samples, std::size_t run_index, Size size,
                 const std::string& id) {
  std::vector<double> counts;
  for (const Coverage& c : samples)
    counts.push_back(static_cast<double>(c.drawn)), counts.push_back(c.expected);
  const auto n = static_cast<double>(samples.size());
  Svg svg(size, id, "Sampler coverage", "Bars: times drawn. Line: times expected.");
  Axis y_axis = axis_over(counts, "times drawn", /*from_zero=*/true);
  y_axis.num_ticks = 4;
  y_axis.is_count = true;
  const Plot plot(
      svg, {.low = 0.5, .high = n + 0.5, .label = "forget samples, by weight (rank)", .has_grid = false},
      y_axis);
  const double slot = (plot.right() - plot.left()) / n;
  std::vector<Point> expected;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Coverage& c = samples[i];
    const double left = plot.left() + slot * static_cast<double>(i),
                 top = plot.y(static_cast<double>(c.drawn));
    const std::string tip =
        fmt::format("row {}: drawn {} times, expected {}", c.row, c.drawn, fixed(c.expected, 1));
    svg.rectangle({left + 0.12 * slot, top}, {0.76 * slot, std::max(plot.bottom() - top, 0.6)},
                  "bar " + series_class(run_index), tip);
    expected.insert(expected.end(), {{left, plot.y(c.expected)}, {left + slot, plot.y(c.expected)}});
  }
  svg.polyline(expected, "expected");
  return std::move(svg).finish();
}

std::string caption_of(const RunSummary& run, const std::vector<Coverage>& samples) {
  const auto seen = std::ranges::count_if(samples, [](const Coverage& c) { return c.drawn > 0; });
  const auto most = std::ranges::max(samples, {}, &Coverage::drawn).drawn;
  const auto fewest = std::ranges::min(samples, {}, &Coverage::drawn).drawn;
  return fmt::format(
      "{} ({} sampler): {} of {} samples drawn, each between {} and {} times; effective sample size {}.",
      run.name, run.samplers.back().name, seen, samples.size(), fewest, most,
      fixed(run.samplers.back().effective_samples, 1));
}

std::string rows_of(const RunSummary& run, const std::vector<Coverage>& samples) {
  std::string rows;
  for (const Coverage& c : samples)
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                        escape(run.name), c.row, short_hash(c.id), c.drawn, fixed(c.expected, 2));
  return rows;
}

}  // namespace

Figure coverage_figure(const std::vector<RunSummary>& runs) {
  Figure figure{
      .id = "coverage",
      .title = "What the sampler drew",
      .lead =
          "Bars: how often each forget sample was in a batch. Line: how often its weight said it would be."};
  std::string rows;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto samples = coverage_of(runs[i]);
    if (samples.empty()) continue;
    figure.drawings.push_back({caption_of(runs[i], samples),
                               draw(samples, i, {900, 260}, fmt::format("coverage-wide-{}", i)),
                               draw(samples, i, {360, 220}, fmt::format("coverage-narrow-{}", i))});
    rows += rows_of(runs[i], samples);
  }
  if (!rows.empty())
    figure.numbers =
        "<thead><tr><th>run</th><th>row</th><th>sample</th><th>drawn</th><th>expected</th></tr></"
        "thead><tbody>" +
        rows + "</tbody>";
  return figure;
}

std::string run_legend(const std::vector<RunSummary>& runs) {
  if (runs.size() < 2) return "";
  std::string items;
  for (std::size_t i = 0; i < runs.size(); ++i)
    items += fmt::format("<li>{} {}</li>", legend_marker(static_cast<int>(i), "dot " + series_class(i)),
                         escape(runs[i].name));
  return "<ul class=\"legend\">" + items + "</ul>";
}

}  // namespace lethe::report
