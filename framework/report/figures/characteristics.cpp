// What goes with difficulty: the rank correlation of MRD with each characteristic, as it is and after length
// and loss are removed, with 95 % intervals; and MRD against length and loss themselves, so that nobody takes
// length for difficulty.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "framework/base/statistics.h"
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

// Records of earlier versions do not say.
std::string why(const std::string& undefined) { return undefined.empty() ? "not defined" : undefined; }

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
    svg.text({plot.left() + 2, middle - 5},
             words(r.name) + (std::isfinite(r.rho) ? "" : ": " + why(r.undefined)), "tick");
    draw_interval(svg, plot, middle + 3, r.rho, r.rho_low, r.rho_high, false, words(r.name));
    draw_interval(svg, plot, middle + 10, r.partial, r.partial_low, r.partial_high, true,
                  words(r.name) + ", after length and loss");
  }
  return std::move(svg).finish();
}

// What a score record says of a sample beside its MRD.
struct Against {
  std::string name, label;
  double (*value)(const records::ScoreRecord&);
};
const std::vector<Against>& axes() {
  static const std::vector<Against> all = {
      {"length", "scored tokens",
       [](const records::ScoreRecord& s) { return static_cast<double>(s.tokens); }},
      {"loss", "mean loss (nats a token)", [](const records::ScoreRecord& s) { return s.loss; }}};
  return all;
}

using Scores = std::vector<records::ScoreRecord>;

// Samples with a score and a value.
Scores drawn(const Scores& scores, const Against& against) {
  Scores kept;
  std::ranges::copy_if(scores, std::back_inserter(kept), [&](const records::ScoreRecord& s) {
    return std::isfinite(s.mrd) && std::isfinite(against.value(s));
  });
  return kept;
}

std::string scatter(const Scores& scores, const Against& against, Size size, const std::string& id) {
  std::vector<double> x, y;
  for (const records::ScoreRecord& s : scores) x.push_back(against.value(s)), y.push_back(s.mrd);
  Axis y_axis = axis_over(y, "MRD", /*from_zero=*/true);
  move_power_into_label(y_axis);
  Svg svg(size, id, "MRD against " + against.name, "One dot a forget sample.");
  const Plot plot(svg, axis_over(x, against.label, /*from_zero=*/false), y_axis);
  for (std::size_t i = 0; i < x.size(); ++i)
    svg.marker(plot.at(x[i], y[i]), 3, 0, "dot s0",
               fmt::format("row {}: MRD {}, {} {}", scores[i].row, number(y[i]), against.name, number(x[i])));
  return std::move(svg).finish();
}

Drawing against_drawing(const Scoring& scoring, const Against& against) {
  const Scores scores = drawn(scoring.scores, against);
  std::vector<double> x, y;
  for (const records::ScoreRecord& s : scores) x.push_back(against.value(s)), y.push_back(s.mrd);
  const double rho = scoring.saw_nothing() ? NAN : base::spearman(x, y);
  return {fmt::format("MRD against {}: rank correlation {}.", against.name,
                      std::isfinite(rho) ? signed_fixed(rho, 2) : "not defined"),
          scatter(scores, against, {900, 300}, "against-" + against.name + "-wide"),
          scatter(scores, against, {360, 260}, "against-" + against.name + "-narrow")};
}

std::string correlation_cell(double rho, double low, double high, const std::string& undefined) {
  if (!std::isfinite(rho)) return fmt::format("<td class=\"none\">\u2013 ({})</td>", escape(why(undefined)));
  return fmt::format("<td>{} [{}, {}]</td>", signed_fixed(rho, 2), signed_fixed(low, 2),
                     signed_fixed(high, 2));
}

std::string mean_cell(double mean) {
  return std::isfinite(mean) ? fmt::format("<td>{}</td>", number(mean)) : "<td class=\"none\">\u2013</td>";
}

std::string numbers_of(const AnalysisRecord& analysis) {
  std::string rows;
  for (const RelationRow& r : analysis.relations)
    rows += fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}</tr>", escape(words(r.name)),
                        correlation_cell(r.rho, r.rho_low, r.rho_high, r.undefined),
                        correlation_cell(r.partial, r.partial_low, r.partial_high, r.partial_undefined),
                        mean_cell(r.easy_mean), mean_cell(r.hard_mean));
  return "<thead><tr><th>characteristic</th><th>rank correlation</th><th>after length and loss</th><th>mean, "
         "easy quarter</th><th>mean, hard quarter</th></tr></thead><tbody>" +
         rows + "</tbody>";
}

}  // namespace

Figure characteristics_figure(const std::vector<RunSummary>& runs) {
  Figure figure{.id = "characteristics", .title = "What goes with difficulty"};
  const auto analysed = std::ranges::find_if(
      runs, [](const RunSummary& run) { return run.analysis && !run.analysis->relations.empty(); });
  const auto scored = std::ranges::find_if(runs, [](const RunSummary& run) {
    return !run.scorings.empty() && !run.scorings.front().scores.empty();
  });
  if (analysed != runs.end()) {
    const AnalysisRecord& analysis = *analysed->analysis;
    figure.lead =
        "Circles: rank correlation of MRD with each characteristic; squares: the same after length and loss "
        "are "
        "removed. Lines: 95 % intervals. Easy is the quarter of largest MRD.";
    figure.drawings.push_back({fmt::format("{}: {} samples.", analysed->name, analysis.samples.size()),
                               forest(analysis, 900, "characteristics-wide"),
                               forest(analysis, 360, "characteristics-narrow")});
    figure.numbers = numbers_of(analysis);
  }
  if (scored != runs.end()) {
    if (figure.lead.empty())
      figure.lead = "MRD sums over tokens: where it follows length, it measures length.";
    for (const Against& against : axes())
      figure.drawings.push_back(against_drawing(scored->scorings.front(), against));
  }
  return figure;
}

}  // namespace lethe::report
