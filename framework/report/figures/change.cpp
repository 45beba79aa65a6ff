// Before → after on one line a set (and run): how far each probability moved.
#include <fmt/format.h>

#include <algorithm>

#include "framework/report/figures/figures.h"
#include "framework/report/figures/plot.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

struct Row {
  std::string set, run_name;
  std::size_t run_index = 0;
  Change change;
};

// Grouped by set, so that runs stand beside each other.
std::vector<Row> rows_of(const std::vector<RunSummary>& runs, const std::string& metric) {
  std::vector<Row> rows;
  std::vector<std::string> sets;
  for (const RunSummary& run : runs)
    for (const std::string& set : run.evaluated_sets())
      if (std::ranges::find(sets, set) == sets.end()) sets.push_back(set);
  for (const std::string& set : sets)
    for (std::size_t i = 0; i < runs.size(); ++i)
      for (const Change& c : changes_of(runs[i]))
        if (c.set == set && c.metric.name == metric && c.before && c.after)
          rows.push_back({set, runs[i].name, i, c});
  return rows;
}

std::string tooltip(const Row& row, bool is_before) {
  const Value& value = is_before ? *row.change.before : *row.change.after;
  const std::string error =
      value.standard_error ? fmt::format(" \u00B1 {}", fixed(*value.standard_error, 3)) : "";
  return fmt::format("{}, {}: {} {}{} ({} samples)", row.run_name, set_label(row.set),
                     is_before ? "before" : "after", fixed(value.mean, 3), error, value.num_samples);
}

void draw_row(Svg& svg, const Plot& plot, double y, const Row& row) {
  const double from = plot.x(row.change.before->mean), to = plot.x(row.change.after->mean);
  const std::string series = series_class(row.run_index);
  svg.line({from, y}, {to, y}, "stem " + series);
  svg.marker({from, y}, 5, 0, "hollow", tooltip(row, true));
  svg.marker({to, y}, 6, static_cast<int>(row.run_index), "dot " + series, tooltip(row, false));
  const bool is_left = to < from;
  svg.text({to + (is_left ? -12 : 12), y + 4}, fixed(row.change.after->mean, 2), "value",
           is_left ? "end" : "start");
}

std::string draw(const std::vector<Row>& rows, const std::string& metric, double width,
                 const std::string& id) {
  constexpr double kRow = 30, kHeading = 26;
  double height = 20 + 46;
  for (std::size_t i = 0; i < rows.size(); ++i)
    height += kRow + (i == 0 || rows[i].set != rows[i - 1].set ? kHeading : 0);
  const Metric known = metric_named(metric);
  Svg svg({width, height}, id, known.label + " before and after",
          "Each line goes from the value before to the value after.");
  // Room for the labels beyond 0 and 1.
  const double air = 52 / width;
  const Plot plot(svg, {.low = -air, .high = 1 + air, .label = known.label}, {.is_hidden = true}, 8);
  double y = 14;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].set != rows[i - 1].set) {
      svg.text({plot.left(), y + 14}, set_label(rows[i].set), "row-label");
      y += kHeading;
    }
    draw_row(svg, plot, y + kRow / 2 - 2, rows[i]);
    y += kRow;
  }
  return std::move(svg).finish();
}

}  // namespace

Figure change_figure(const std::vector<RunSummary>& runs) {
  Figure figure{.id = "change", .title = "What changed", .legend = run_legend(runs)};
  const std::string metric = trade_off_metric(runs);
  const auto rows = rows_of(runs, metric);
  if (metric.empty() || rows.empty()) return figure;
  figure.lead = fmt::format(
      "{}: {}. Hollow: before. Filled: after. The first group should move far to the left, the others should "
      "stay.",
      metric_named(metric).label, metric_named(metric).meaning);
  figure.drawings.push_back(
      {"", draw(rows, metric, 900, "change-wide"), draw(rows, metric, 360, "change-narrow")});
  return figure;
}

}  // namespace lethe::report
