// How hard each forget sample is to remove: MRD from easy to hard, with one standard error up and down.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/report/figures/figures.h"
#include "framework/report/figures/plot.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

using records::ScoreRecord;

struct Shown {
  std::string run_name;
  std::size_t run_index;
  const Scoring* scoring;
};

bool are_equal(const Scoring& a, const Scoring& b) {
  return std::ranges::equal(a.scores, b.scores, [](const ScoreRecord& x, const ScoreRecord& y) {
    return x.id == y.id && (x.mrd == y.mrd || (std::isnan(x.mrd) && std::isnan(y.mrd)));
  });
}

// The first scoring of each run; runs that share one (from one cache) share the drawing.
std::vector<Shown> shown_scorings(const std::vector<RunSummary>& runs) {
  std::vector<Shown> shown;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].scorings.empty() || runs[i].scorings.front().from_easy_to_hard().empty()) continue;
    const Scoring& scoring = runs[i].scorings.front();
    const auto same =
        std::ranges::find_if(shown, [&](const Shown& s) { return are_equal(*s.scoring, scoring); });
    if (same != shown.end())
      same->run_name += fmt::format(" and {}", runs[i].name);
    else
      shown.push_back({runs[i].name, i, &scoring});
  }
  return shown;
}

Axis mrd_axis(const std::vector<ScoreRecord>& scores) {
  std::vector<double> ends;
  for (const ScoreRecord& s : scores)
    ends.push_back(s.mrd + s.standard_error), ends.push_back(std::max(0.0, s.mrd - s.standard_error));
  Axis axis = axis_over(ends, "MRD", /*from_zero=*/true);
  // Beyond two decades, a linear axis would show the largest samples only.
  if (const double smallest = scores.back().mrd; smallest > 0 && scores.front().mrd / smallest > 100) {
    axis.is_logarithmic = true;
    axis.low = smallest / 1.5;
  }
  move_power_into_label(axis);
  return axis;
}

void draw_sample(Svg& svg, const Plot& plot, double rank, const ScoreRecord& s, const std::string& series,
                 double radius, double floor) {
  svg.line(plot.at(rank, std::max(floor, s.mrd - s.standard_error)), plot.at(rank, s.mrd + s.standard_error),
           "whisker " + series);
  const std::string tip =
      fmt::format("row {}: MRD {} \u00B1 {}, {} tokens, loss {} nats a token{}", s.row, number(s.mrd),
                  number(s.standard_error), s.tokens, fixed(s.loss, 2), s.resolved ? "" : " (unresolved)");
  svg.marker(plot.at(rank, s.mrd), radius, 0, (s.resolved ? "dot " : "open ") + series, tip);
}

std::string draw(const Shown& shown, Size size, const std::string& id) {
  const auto scores = shown.scoring->from_easy_to_hard();
  const Axis y_axis = mrd_axis(scores);
  const auto n = static_cast<double>(scores.size());
  Svg svg(size, id, "Memory removal difficulty",
          "Samples from easy to hard, with one standard error up and down.");
  const Plot plot(
      svg,
      {.low = 0.3, .high = n + 0.7, .label = "forget samples, from easy to hard (rank)", .has_grid = false},
      y_axis);
  const double radius = std::clamp(0.32 * (plot.right() - plot.left()) / n, 1.2, 4.0);
  for (std::size_t i = 0; i < scores.size(); ++i)
    draw_sample(svg, plot, static_cast<double>(i + 1), scores[i], series_class(shown.run_index), radius,
                y_axis.is_logarithmic ? y_axis.low : 0);
  return std::move(svg).finish();
}

// Of all that are shown, or said of each in its caption.
bool are_of_one_time(const std::vector<Shown>& shown) {
  return std::ranges::all_of(shown,
                             [&](const Shown& s) { return s.scoring->step == shown.front().scoring->step; });
}

std::string caption_of(const Shown& shown, std::size_t num_shown, std::size_t num_runs, bool says_when) {
  std::string text = num_runs > 1 && num_shown <= num_runs ? shown.run_name + ": " : "";
  const std::size_t num_samples = shown.scoring->scores.size(),
                    num_drawn = shown.scoring->from_easy_to_hard().size();
  text += fmt::format("{} samples", num_samples);
  if (says_when) text += " " + shown.scoring->when();
  if (num_drawn < num_samples) text += fmt::format(" ({} without a finite score)", num_samples - num_drawn);
  if (const auto& header = shown.scoring->header)
    text += fmt::format(
        ", {} estimator, {} draws, \u03C3 = {}{}; expected error of the sampling probabilities {} (total "
        "variation)",
        header->estimator, header->draws, number(header->sigma),
        header->sigma_eff > 0 ? fmt::format(" (measured at {})", number(header->sigma_eff)) : "",
        number(header->tv_hat));
  return text + ".";
}

std::string numbers_of(const std::vector<Shown>& all) {
  std::string body;
  for (const Shown& shown : all)
    for (const ScoreRecord& s : shown.scoring->from_easy_to_hard())
      body += fmt::format(
          "<tr><th "
          "scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
          s.row, short_hash(s.id), number(s.mrd), number(s.standard_error), s.tokens, fixed(s.loss, 3),
          s.resolved ? "yes" : "no");
  return "<thead><tr><th>row</th><th>sample</th><th>MRD</th><th>standard error</th><th>tokens</th><th>loss "
         "(nats/token)</th>"
         "<th>resolved</th></tr></thead><tbody>" +
         body + "</tbody>";
}

}  // namespace

Figure difficulty_figure(const std::vector<RunSummary>& runs) {
  Figure figure{.id = "difficulty", .title = "How hard each sample is to remove"};
  const auto all = shown_scorings(runs);
  if (all.empty()) return figure;
  const bool one_time = are_of_one_time(all);
  figure.lead = fmt::format(
      "Memory removal difficulty (MRD) of every forget sample{}. Whiskers: one standard error. Open circles: "
      "not told apart from zero.",
      one_time ? " " + all.front().scoring->when() : "");
  for (std::size_t i = 0; i < all.size(); ++i)
    figure.drawings.push_back({caption_of(all[i], all.size(), runs.size(), !one_time),
                               draw(all[i], {900, 340}, fmt::format("mrd-wide-{}", i)),
                               draw(all[i], {360, 260}, fmt::format("mrd-narrow-{}", i))});
  figure.numbers = numbers_of(all);
  return figure;
}

}  // namespace lethe::report
