// The loss and each of its terms, step by step: one small plot each, because their scales have nothing in
// common.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "framework/report/figures/figures.h"
#include "framework/report/figures/plot.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

using records::StepRecord;
using Reader = std::function<double(const StepRecord&)>;

struct Panel {
  std::string id, title, y_label;
  Reader value;
};

double term_of(const StepRecord& step, const std::string& name) {
  const auto found = step.terms.find(name);
  return found == step.terms.end() ? NAN : found->second;
}

std::vector<Panel> panels_of(const std::vector<RunSummary>& runs) {
  std::vector<Panel> panels{
      {"loss", "Total loss", "weighted sum of terms", [](const StepRecord& s) { return s.loss; }}};
  std::set<std::string> terms;
  for (const RunSummary& run : runs)
    for (const StepRecord& step : run.steps)
      for (const auto& [name, unused] : step.terms) terms.insert(name);
  int number_of_term = 0;
  for (const std::string& name : terms)
    panels.push_back({fmt::format("term-{}", number_of_term++), "Term: " + name, "loss (nats)",
                      [name](const StepRecord& s) { return term_of(s, name); }});
  panels.push_back({"gradient", "Gradient norm", "L2, before clipping",
                    [](const StepRecord& s) { return s.gradient_norm; }});
  return panels;
}

Axis value_axis(const std::vector<RunSummary>& runs, const Panel& panel) {
  std::vector<double> values;
  for (const RunSummary& run : runs)
    for (const StepRecord& step : run.steps) values.push_back(panel.value(step));
  Axis axis = axis_over(values, panel.y_label, /*from_zero=*/false);
  if (axis.low < 0 && std::ranges::none_of(values, [](double v) { return v < 0; })) axis.low = 0;
  axis.num_ticks = 4;
  move_power_into_label(axis);
  return axis;
}

double last_step(const std::vector<RunSummary>& runs) {
  std::int64_t last = 1;
  for (const RunSummary& run : runs)
    if (!run.steps.empty()) last = std::max(last, run.steps.back().step);
  return static_cast<double>(last);
}

Drawing draw(const std::vector<RunSummary>& runs, const Panel& panel) {
  Svg svg({420, 230}, "loss-" + panel.id, panel.title, "Value at each step, one line a run.");
  Axis steps{.low = 0, .high = last_step(runs), .label = "step", .has_grid = false, .is_count = true};
  const Plot plot(svg, steps, value_axis(runs, panel), 14);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<Point> line;
    for (const StepRecord& s : runs[i].steps)
      line.push_back(plot.at(static_cast<double>(s.step), panel.value(s)));
    svg.polyline(line, "curve " + series_class(i));
    for (std::size_t k = 0; k < line.size(); ++k) {
      const std::string tip = fmt::format("{}, step {}: {}", runs[i].name, runs[i].steps[k].step,
                                          number(panel.value(runs[i].steps[k])));
      if (line.size() <= 60) svg.marker(line[k], 2.6, static_cast<int>(i), "dot " + series_class(i));
      svg.hover(line[k], 7, tip);
    }
  }
  std::string drawing = std::move(svg).finish();
  return {panel.title, drawing, drawing};
}

std::string numbers_of(const std::vector<RunSummary>& runs, const std::vector<Panel>& panels) {
  std::string head = "<thead><tr><th>run</th><th>step</th>", body;
  for (const Panel& panel : panels) head += fmt::format("<th>{}</th>", escape(panel.title));
  for (const RunSummary& run : runs)
    for (const StepRecord& step : run.steps) {
      body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>", escape(run.name), step.step);
      for (const Panel& panel : panels) body += fmt::format("<td>{}</td>", number(panel.value(step)));
      body += fmt::format("<td>{}</td><td>{}</td></tr>", number(step.learning_rate),
                          grouped(std::llround(step.tokens_per_second)));
    }
  return head + "<th>learning rate</th><th>tokens/s</th></tr></thead><tbody>" + body + "</tbody>";
}

}  // namespace

Figure loss_figure(const std::vector<RunSummary>& runs) {
  Figure figure{.id = "loss", .title = "How the training went", .legend = run_legend(runs)};
  if (std::ranges::all_of(runs, [](const RunSummary& run) { return run.steps.empty(); })) return figure;
  figure.lead =
      "The loss that was minimised, and each of its terms before weighting. Terms have scales of their own.";
  const auto panels = panels_of(runs);
  for (const Panel& panel : panels) figure.drawings.push_back(draw(runs, panel));
  figure.numbers = numbers_of(runs, panels);
  return figure;
}

}  // namespace lethe::report
