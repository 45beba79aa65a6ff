// What goes with difficulty: the rank correlation of MRD with each characteristic, as it is and after length
// and loss are removed, with 95 % intervals; and MRD against length and loss themselves, so that nobody takes
// length for difficulty.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/report/figures/figures.h"
#include "framework/report/figures/plot.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

using records::AnalysisRecord;
using records::RelationRow;

constexpr double kRow = 30;  // of the forest plot, in drawing units

std::string words(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

void draw_interval(Svg& svg, const Plot& plot, double y, double rho, double low, double high, bool partial,
                   const std::string& what) {
  if (!std::isfinite(rho)) return;
  const std::string series = series_class(partial ? 1 : 0);
  svg.line({plot.x(low), y}, {plot.x(high), y}, "whisker " + series);
  svg.marker({plot.x(rho), y}, 4, partial ? 1 : 0, "dot " + series,
             fmt::format("{}: {} [{}, {}]", what, signed_fixed(rho, 2), signed_fixed(low, 2),
                         signed_fixed(high, 2)));
}

std::string forest(const AnalysisRecord& analysis, double width, const std::string& id) {
  const double height = 70 + kRow * static_cast<double>(analysis.relations.size());
  Svg svg({width, height}, id, "What goes with difficulty",
          "Rank correlation of MRD with each characteristic, with 95 % intervals.");
  const Plot plot(svg, {.low = -1, .high = 1, .label = "rank correlation with MRD"}, {.is_hidden = true});
  svg.line({plot.x(0), plot.top()}, {plot.x(0), plot.bottom()}, "axis");
  const double step =
      (plot.bottom() - plot.top()) / static_cast<double>(std::max<std::size_t>(1, analysis.relations.size()));
  for (std::size_t i = 0; i < analysis.relations.size(); ++i) {
    const RelationRow& r = analysis.relations[i];
    const double middle = plot.top() + step * (static_cast<double>(i) + 0.5);
    svg.text({plot.left() + 2, middle - 5}, words(r.name), "tick");
    draw_interval(svg, plot, middle + 3, r.rho, r.rho_low, r.rho_high, false, words(r.name));
    draw_interval(svg, plot, middle + 10, r.partial, r.partial_low, r.partial_high, true,
                  words(r.name) + ", after length and loss");
  }
  return std::move(svg).finish();
}

std::vector<double> column(const AnalysisRecord& analysis, const std::string& name) {
  std::vector<double> values;
  for (const records::SampleMetrics& sample : analysis.samples) {
    const auto found = sample.values.find(name);
    values.push_back(found == sample.values.end() ? std::nan("") : found->second);
  }
  return values;
}

std::string scatter(const AnalysisRecord& analysis, const std::string& name, const std::string& label,
                    Size size, const std::string& id) {
  const auto x = column(analysis, name), y = column(analysis, "mrd");
  Axis x_axis = axis_over(x, label, /*from_zero=*/false), y_axis = axis_over(y, "MRD", /*from_zero=*/true);
  move_power_into_label(y_axis);
  Svg svg(size, id, "MRD against " + words(name), "One dot a forget sample.");
  const Plot plot(svg, x_axis, y_axis);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    svg.marker(plot.at(x[i], y[i]), 3, 0, "dot s0",
               fmt::format("row {}: MRD {}, {} {}", analysis.samples[i].row, number(y[i]), words(name),
                           number(x[i])));
  }
  return std::move(svg).finish();
}

std::string correlation_caption(const AnalysisRecord& analysis, const std::string& name) {
  for (const RelationRow& r : analysis.relations) {
    if (r.name == name)
      return fmt::format("MRD against {}: rank correlation {} (95 %: {} to {}).", words(name),
                         signed_fixed(r.rho, 2), signed_fixed(r.rho_low, 2), signed_fixed(r.rho_high, 2));
  }
  return "";
}

std::string numbers_of(const AnalysisRecord& analysis) {
  std::string rows;
  const auto interval = [](double rho, double low, double high) {
    return fmt::format("<td>{} [{}, {}]</td>", signed_fixed(rho, 2), signed_fixed(low, 2),
                       signed_fixed(high, 2));
  };
  for (const RelationRow& r : analysis.relations)
    rows += fmt::format("<tr><th scope=\"row\">{}</th>{}{}<td>{}</td><td>{}</td></tr>", escape(words(r.name)),
                        interval(r.rho, r.rho_low, r.rho_high),
                        interval(r.partial, r.partial_low, r.partial_high), number(r.easy_mean),
                        number(r.hard_mean));
  return "<thead><tr><th>characteristic</th><th>rank correlation</th><th>after length and loss</th><th>mean, "
         "easy quarter</th><th>mean, hard quarter</th></tr></thead><tbody>" +
         rows + "</tbody>";
}

}  // namespace

Figure characteristics_figure(const std::vector<RunSummary>& runs) {
  Figure figure{.id = "characteristics", .title = "What goes with difficulty"};
  const auto found = std::ranges::find_if(
      runs, [](const RunSummary& run) { return run.analysis && !run.analysis->relations.empty(); });
  if (found == runs.end()) return figure;
  const AnalysisRecord& analysis = *found->analysis;
  figure.lead =
      "Circles: rank correlation of MRD with each characteristic; squares: the same after length and loss "
      "are "
      "removed. Lines: 95 % intervals. Easy is the quarter of largest MRD.";
  figure.drawings.push_back({fmt::format("{}: {} samples.", found->name, analysis.samples.size()),
                             forest(analysis, 900, "characteristics-wide"),
                             forest(analysis, 360, "characteristics-narrow")});
  for (const auto& [name, label] : {std::pair<std::string, std::string>{"length", "scored tokens"},
                                    {"loss", "mean loss (nats a token)"}}) {
    const std::string caption = correlation_caption(analysis, name);
    if (caption.empty()) continue;
    figure.drawings.push_back({caption,
                               scatter(analysis, name, label, {900, 300}, "against-" + name + "-wide"),
                               scatter(analysis, name, label, {360, 260}, "against-" + name + "-narrow")});
  }
  figure.numbers = numbers_of(analysis);
  return figure;
}

}  // namespace lethe::report
