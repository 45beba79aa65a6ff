#include "framework/scaling/page.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/base/text.h"
#include "framework/report/figures/plot.h"
#include "framework/report/html.h"
#include "framework/report/page_parts.h"
#include "framework/report/page_style.h"

namespace lethe::scaling {
namespace {

const char* word(Kind kind) { return kind == Kind::strong ? "strong" : "weak"; }

std::string headline(const Scaling& study) {
  return study.kind == Kind::strong
             ? fmt::format("strong scaling: {} samples an update, shared out over the ranks", study.samples)
             : fmt::format("weak scaling: {} samples an update for every rank", study.samples);
}

std::string terms(const Scaling& study) {
  const TimeModel& m = study.model;
  std::string text = fmt::format("{:.3g} s", m.serial);
  if (study.kind == Kind::strong) text += fmt::format(" + {:.3g} s / ranks", m.shared);
  return text + fmt::format(" + {:.3g} s \u00B7 log2(ranks)", m.exchange);
}

std::string fit_text(const Scaling& study) {
  if (predicted_worlds(study).empty())
    return "nothing is predicted: one world does not tell what more ranks would change; time two, --ranks "
           "1,2";
  std::string text = fmt::format("seconds of an update = {}", terms(study));
  if (study.model.worst_error > 0)
    text += fmt::format(", at most {:.1f} % from what was measured", 100 * study.model.worst_error);
  if (study.kind == Kind::strong && study.model.seconds(1) > 0)
    text += fmt::format("; {:.1f} % of one rank's time is shared out",
                        100 * study.model.shared / study.model.seconds(1));
  return text;
}

// Of ranks that the fit predicts, against the smallest world that was measured, as Scaling::efficiency.
double predicted_efficiency(const Scaling& study, int ranks) {
  const World& first = study.worlds.front();
  const double ratio = first.seconds / study.model.seconds(ranks);
  return study.kind == Kind::strong ? ratio * first.ranks / ranks : ratio;
}

// Work done in a time, where the smallest world counts as many as it has ranks.
double speed_up(const Scaling& study, int ranks) { return predicted_efficiency(study, ranks) * ranks; }

std::string baseline(const Scaling& study) {
  const int ranks = study.worlds.front().ranks;
  return ranks == 1 ? "speed against one rank" : fmt::format("speed, where {0} ranks count {0}", ranks);
}

int widest_of(const Scaling& study) {
  const std::vector<int> predicted = predicted_worlds(study);
  return predicted.empty() ? study.worlds.back().ranks : predicted.back();
}

bool is_wider(const Scaling& study, int cores) {
  return !study.worlds.empty() && study.worlds.back().ranks > cores;
}

std::string warning(int cores) {
  return fmt::format(
      "Worlds with more ranks than the {} cores here take turns: their times, and what is predicted from "
      "them, say nothing about a wider machine.",
      cores);
}

report::Figure figure(const Scaling& study) {
  using namespace report;
  Figure figure{.id = word(study.kind),
                .title = study.kind == Kind::strong ? "Strong scaling" : "Weak scaling"};
  const int first = study.worlds.front().ranks, widest = widest_of(study);
  const bool has_fit = widest > study.worlds.back().ranks;
  figure.lead = headline(study) + ". Points are measured, " +
                (has_fit ? "the line is the fit, the straight one is ideal." : "the line is ideal.");
  const auto draw = [&](Size size, const std::string& id) {
    Svg svg(size, id, figure.title,
            "Work done in a time (" + baseline(study) + "), over the number of ranks.");
    const Axis x{
        .low = 0, .high = static_cast<double>(widest), .label = "ranks", .has_grid = false, .is_count = true};
    const Axis y{.low = 0, .high = static_cast<double>(widest), .label = baseline(study)};
    const Plot plot(svg, x, y, 20);
    svg.line(plot.at(1, 1), plot.at(widest, widest), "expected");
    std::vector<Point> curve;
    for (int n = first; has_fit && n <= widest; ++n) curve.push_back(plot.at(n, speed_up(study, n)));
    if (has_fit) svg.polyline(curve, "curve s0");
    for (const World& world : study.worlds)
      svg.marker(plot.at(world.ranks, study.efficiency(world) * world.ranks), 5, 0, "dot s0",
                 fmt::format("{} ranks: {} s an update", world.ranks, number(world.seconds)));
    return std::move(svg).finish();
  };
  figure.drawings.push_back(
      {"", draw({900, 340}, figure.id + "-wide"), draw({360, 320}, figure.id + "-narrow")});
  return figure;
}

std::string table(const Scaling& study) {
  std::string rows;
  for (const World& w : study.worlds)
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{} %</td><td>{}</td></tr>",
        w.ranks, report::number(w.seconds), report::fixed(w.tokens_per_second, 0),
        report::fixed(study.efficiency(w) * w.ranks, 2), report::fixed(100 * study.efficiency(w), 0),
        base::readable_bytes(w.peak_bytes));
  for (const int ranks : predicted_worlds(study))
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td></td><td>{}</td><td>{} %</td><td>predicted</td></tr>",
        ranks, report::number(study.model.seconds(ranks)), report::fixed(speed_up(study, ranks), 2),
        report::fixed(100 * predicted_efficiency(study, ranks), 0));
  return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Worlds\"><table "
         "class=\"numbers\"><thead><tr><th>ranks</th>"
         "<th>seconds an update</th><th>real tokens a "
         "second</th><th>speed-up</th><th>efficiency</th><th>memory of a rank</th>"
         "</tr></thead><tbody>" +
         rows + "</tbody></table></div><p>" + report::escape(fit_text(study)) + ".</p>";
}

}  // namespace

std::vector<int> predicted_worlds(const Scaling& study) {
  if (study.worlds.size() < 2) return {};
  const int largest = study.worlds.back().ranks;
  return {2 * largest, 4 * largest};
}

std::string scaling_text(std::span<const Scaling> studies, int cores) {
  std::string text;
  for (const Scaling& study : studies) {
    text += headline(study) + "\n";
    text += fmt::format("  {:>5}  {:>9}  {:>9}  {:>8}  {:>10}  {}\n", "ranks", "s/update", "tokens/s",
                        "speed-up", "efficiency", "memory of a rank");
    for (const World& w : study.worlds)
      text += fmt::format("  {:>5}  {:>9.4g}  {:>9.1f}  {:>8.2f}  {:>8.0f} %  {}\n", w.ranks, w.seconds,
                          w.tokens_per_second, study.efficiency(w) * w.ranks, 100 * study.efficiency(w),
                          base::readable_bytes(w.peak_bytes));
    for (const int ranks : predicted_worlds(study))
      text += fmt::format("  {:>5}  {:>9.4g}  {:>9}  {:>8.2f}  {:>8.0f} %  predicted\n", ranks,
                          study.model.seconds(ranks), "", speed_up(study, ranks),
                          100 * predicted_efficiency(study, ranks));
    text += "  " + fit_text(study) + "\n";
    if (is_wider(study, cores)) text += "  " + warning(cores) + "\n";
  }
  return text;
}

std::string scaling_csv(std::span<const Scaling> studies) {
  std::string text = "kind,ranks,seconds,tokens_per_second,efficiency,peak_bytes,measured\n";
  for (const Scaling& study : studies) {
    for (const World& w : study.worlds)
      text += fmt::format("{},{},{},{},{},{},true\n", word(study.kind), w.ranks, w.seconds,
                          w.tokens_per_second, study.efficiency(w), w.peak_bytes);
    for (const int ranks : predicted_worlds(study))
      text += fmt::format("{},{},{},,{},,false\n", word(study.kind), ranks, study.model.seconds(ranks),
                          predicted_efficiency(study, ranks));
  }
  return text;
}

std::string scaling_json(std::span<const Scaling> studies) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Scaling& study : studies) {
    nlohmann::ordered_json one = {{"kind", word(study.kind)}, {"samples", study.samples}};
    if (!predicted_worlds(study).empty())
      one["model"] = {{"serial_seconds", study.model.serial},
                      {"shared_seconds", study.model.shared},
                      {"exchange_seconds", study.model.exchange},
                      {"worst_error", study.model.worst_error}};
    for (const World& w : study.worlds)
      one["worlds"].push_back({{"ranks", w.ranks},
                               {"seconds", w.seconds},
                               {"tokens_per_second", w.tokens_per_second},
                               {"efficiency", study.efficiency(w)},
                               {"peak_bytes", w.peak_bytes}});
    for (const int ranks : predicted_worlds(study))
      one["predicted"].push_back({{"ranks", ranks}, {"seconds", study.model.seconds(ranks)}});
    all.push_back(std::move(one));
  }
  return all.dump() + "\n";
}

std::string scaling_page(std::span<const Scaling> studies, int cores) {
  std::vector<report::PageSection> sections;
  bool wider = false;
  for (const Scaling& study : studies) {
    const report::Figure drawn = figure(study);
    sections.push_back({drawn.id, drawn.title, report::figure_section(drawn) + table(study)});
    wider = wider || is_wider(study, cores);
  }
  return report::whole_page(
      {.title = "Scaling",
       .over = "How fast, on how many ranks",
       .head = wider ? "<p class=\"summary\">" + report::escape(warning(cores)) + "</p>" : "",
       .style = std::string(report::page_style())},
      sections);
}

}  // namespace lethe::scaling
