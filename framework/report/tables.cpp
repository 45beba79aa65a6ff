#include "framework/report/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/records/exports.h"
#include "framework/report/figures/svg.h"
#include "framework/report/html.h"
#include "framework/report/sample_difference.h"

namespace lethe::report {
namespace {

struct Line {
  std::string set, metric;
};

std::vector<Line> lines_of(const std::vector<std::vector<Change>>& changes) {
  std::vector<Line> lines;
  for (const auto& of_run : changes)
    for (const Change& c : of_run)
      if (std::ranges::none_of(lines,
                               [&](const Line& l) { return l.set == c.set && l.metric == c.metric.name; }))
        lines.push_back({c.set, c.metric.name});
  return lines;
}

const Change* find(const std::vector<Change>& changes, const Line& line) {
  const auto found = std::ranges::find_if(
      changes, [&](const Change& c) { return c.set == line.set && c.metric.name == line.metric; });
  return found == changes.end() ? nullptr : &*found;
}

std::string plus_minus(const std::optional<double>& error) {
  if (!error) return "";
  const std::string shown = *error > 0 && *error < 0.0005 ? "&lt;\u20090.001" : fixed(*error, 3);
  return fmt::format(" <small>\u00B1\u2009{}</small>", shown);
}

std::string samples_text(std::size_t count) {
  return fmt::format("{} sample{}", count, count == 1 ? "" : "s");
}

std::string cell(const std::optional<Value>& value, bool is_first) {
  const std::string first = is_first ? " first" : "";
  if (!value) return fmt::format("<td class=\"none{}\">\u2013</td>", first);
  const bool is_small = value->mean != 0 && std::abs(value->mean) < 0.0005;
  const std::string measured_on =
      value->num_samples > 0 ? fmt::format(" title=\"{}\"", samples_text(value->num_samples)) : "";
  return fmt::format("<td class=\"mean{}\"{}>{}{}</td>", first, measured_on,
                     is_small ? number(value->mean) : fixed(value->mean, 3),
                     plus_minus(value->standard_error));
}

// Good or bad only where the metric has a goal on this set and the change is beyond two standard errors.
std::string verdict_of(const Change& c) {
  const int goal = goal_of(c.metric, c.set);
  if (goal == 0 || !c.change || *c.change == 0 || std::abs(*c.change) < 2 * c.change_error.value_or(0))
    return "level";
  return (*c.change > 0) == (goal > 0) ? "good" : "bad";
}

std::string change_cell(const Change* c) {
  if (c == nullptr || !c->change) return "<td class=\"none\">\u2013</td>";
  return fmt::format("<td class=\"change {}\">{}{}</td>", verdict_of(*c), signed_fixed(*c->change, 3),
                     plus_minus(c->change_error));
}

std::string goal_sign(const Metric& metric, const std::string& set) {
  const int goal = goal_of(metric, set);
  if (goal == 0) return "";
  return goal > 0 ? " <span class=\"goal\" title=\"higher is better\">\u2191</span>"
                  : " <span class=\"goal\" title=\"lower is better\">\u2193</span>";
}

std::size_t samples_of(const Change& c) {
  return std::max(c.before ? c.before->num_samples : 0, c.after ? c.after->num_samples : 0);
}

std::size_t samples_of(const std::vector<std::vector<Change>>& changes, const std::string& set) {
  std::size_t most = 0;
  for (const auto& of_run : changes)
    for (const Change& c : of_run)
      if (c.set == set) most = std::max(most, samples_of(c));
  return most;
}

std::size_t samples_of(const std::vector<std::vector<Change>>& changes, const Line& line) {
  std::size_t most = 0;
  for (const auto& of_run : changes)
    if (const Change* c = find(of_run, line)) most = std::max(most, samples_of(*c));
  return most;
}

// Of a metric that was measured on a part of its set, as generations are.
std::string part_of_set(const std::vector<std::vector<Change>>& changes, const Line& line) {
  const std::size_t count = samples_of(changes, line);
  return count < samples_of(changes, line.set) ? fmt::format(" <small>{}</small>", samples_text(count)) : "";
}

// With a goal only where every run gives it one: they may measure it in different ways.
Metric metric_of(const std::vector<std::vector<Change>>& changes, const Line& line) {
  Metric metric = metric_named(line.metric);
  for (const auto& of_run : changes)
    if (const Change* c = find(of_run, line); c != nullptr && goal_of(c->metric, line.set) == 0)
      metric = c->metric;
  return metric;
}

// Runs that start from one model have the same values before: one column then serves them all.
bool share_before(const std::vector<std::vector<Change>>& changes) {
  const auto mean = [](const Change* c) { return c && c->before ? c->before->mean : NAN; };
  for (const Line& line : lines_of(changes))
    for (const auto& of_run : changes)
      if (!same_number(mean(find(of_run, line)), mean(find(changes.front(), line)))) return false;
  return true;
}

std::string heading(const std::vector<RunSummary>& runs, bool shares_before) {
  const std::string before = "<th scope=\"col\">before</th>";
  if (runs.size() == 1)
    return fmt::format(
        "<thead><tr><th scope=\"col\">metric</th>{}<th scope=\"col\">after</th><th "
        "scope=\"col\">change</th></tr></thead>",
        before);
  std::string names = shares_before ? "<th></th>" : "", columns = shares_before ? before : "";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    names +=
        fmt::format("<th colspan=\"{}\" scope=\"colgroup\" class=\"first\">{} {}</th>", shares_before ? 2 : 3,
                    legend_marker(static_cast<int>(i), "dot " + series_class(i)), escape(runs[i].name));
    columns += fmt::format("{}<th scope=\"col\">after</th><th scope=\"col\">change</th>",
                           shares_before ? "" : before);
  }
  return fmt::format("<thead><tr><td></td>{}</tr><tr><th scope=\"col\">metric</th>{}</tr></thead>", names,
                     columns);
}

std::string metric_row(const std::vector<std::vector<Change>>& changes, const Line& line,
                       bool shares_before) {
  const Metric metric = metric_of(changes, line);
  std::string row =
      fmt::format("<tr><th scope=\"row\" title=\"{}\">{}{}{}</th>", escape(metric.meaning),
                  escape(metric.label), goal_sign(metric, line.set), part_of_set(changes, line));
  for (const auto& of_run : changes) {
    const Change* c = find(of_run, line);
    const bool is_leading = &of_run == &changes.front();
    if (!shares_before || is_leading)
      row += cell(c ? c->before : std::nullopt, !shares_before && !is_leading);
    row += cell(c ? c->after : std::nullopt, shares_before) + change_cell(c);
  }
  return row + "</tr>";
}

std::string set_row(const std::string& set, std::size_t num_samples, std::size_t num_columns) {
  const std::string samples =
      num_samples > 0 ? ", " + samples_text(num_samples) : "";  // none of a whole model
  return fmt::format(
      "<tr class=\"set\"><th colspan=\"{}\" scope=\"rowgroup\">{} <small>{} set{}</small></th></tr>",
      num_columns, escape(set_label(set)), escape(set), samples);
}

// All labels that some run has, in the order of the first run that has them.
std::vector<Fact> all_labels(const std::vector<std::vector<Fact>>& facts) {
  std::vector<Fact> labels;
  for (const auto& of_run : facts)
    for (const Fact& fact : of_run)
      if (std::ranges::find(labels, fact.label, &Fact::label) == labels.end()) labels.push_back(fact);
  return labels;
}

std::string value_of(const std::vector<Fact>& facts, const std::string& label) {
  const auto found = std::ranges::find(facts, label, &Fact::label);
  return found == facts.end() ? "" : found->value;
}

std::string fact_row(const Fact& fact, const std::vector<std::vector<Fact>>& facts) {
  bool differs = false;
  std::string cells;
  for (const auto& of_run : facts) {
    const std::string value = value_of(of_run, fact.label);
    differs = differs || value != value_of(facts.front(), fact.label);
    cells += value.empty()  ? "<td class=\"none\">\u2013</td>"
             : fact.is_hash ? fmt::format("<td>{}</td>", short_hash(value, 12))
                            : fmt::format("<td>{}</td>", escape(value));
  }
  return fmt::format("<tr{}><th scope=\"row\">{}</th>{}</tr>", differs ? " class=\"differs\"" : "",
                     escape(fact.label), cells);
}

}  // namespace

std::string change_table(const std::vector<RunSummary>& runs) {
  std::vector<std::vector<Change>> changes;
  for (const RunSummary& run : runs) changes.push_back(changes_of(run));
  const bool shares_before = share_before(changes);
  std::string body, set;
  for (const Line& line : lines_of(changes)) {
    const std::size_t num_columns = shares_before ? 2 + 2 * runs.size() : 1 + 3 * runs.size();
    if (line.set != set) body += set_row(line.set, samples_of(changes, line.set), num_columns);
    set = line.set;
    body += metric_row(changes, line, shares_before);
  }
  if (body.empty()) return "";
  return fmt::format("<table class=\"changes\">{}<tbody>{}</tbody></table>", heading(runs, shares_before),
                     body);
}

std::string provenance_table(const std::vector<RunSummary>& runs) {
  std::vector<std::vector<Fact>> facts;
  std::string names, configs;
  for (const RunSummary& run : runs) {
    facts.push_back(facts_of(run));
    names += fmt::format("<th scope=\"col\">{}</th>", escape(run.name));
    if (run.run && !run.run->config_yaml.empty())
      configs += fmt::format(
          "<details><summary>Effective configuration of {}</summary><pre tabindex=\"0\">{}</pre></details>",
          escape(run.name), escape(run.run->config_yaml));
  }
  std::string rows;
  for (const Fact& fact : all_labels(facts)) rows += fact_row(fact, facts);
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Provenance\"><table "
      "class=\"facts\"><thead><tr><td></td>{}</tr></thead>"
      "<tbody>{}</tbody></table></div>{}",
      names, rows, configs);
}

std::string metrics_csv(const std::vector<RunSummary>& runs) {
  std::string csv = "run,tag,step,set,metric,value,standard_error,samples\n";
  for (const RunSummary& run : runs) {
    const auto changes = changes_of(run);
    for (const auto& e : run.evaluations)
      for (const auto& [metric, value] : e.aggregates) {
        const Change* c = find(changes, {e.set, metric});
        const auto& shown = c == nullptr              ? std::nullopt
                            : &e == run.before(e.set) ? c->before
                            : &e == run.after(e.set)  ? c->after
                                                      : std::nullopt;
        csv +=
            fmt::format("{},{},{},{},{},{},{},{}\n", records::csv_field(run.name), records::csv_field(e.tag),
                        e.step, records::csv_field(e.set), records::csv_field(metric), value,
                        shown && shown->standard_error ? fmt::format("{}", *shown->standard_error) : "",
                        num_measured(e, metric));
      }
  }
  return csv;
}

std::string change_markdown(const RunSummary& run) {
  std::string rows;
  const auto plain = [](const std::optional<double>& v, bool with_sign) {
    return !v ? "–" : with_sign ? signed_fixed(*v, 3) : fixed(*v, 3);
  };
  const auto mean = [](const std::optional<Value>& v) { return v ? std::optional(v->mean) : std::nullopt; };
  for (const Change& c : changes_of(run))
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", set_label(c.set), c.metric.label,
                        plain(mean(c.before), false), plain(mean(c.after), false), plain(c.change, true));
  return rows.empty() ? "" : "| set | metric | before | after | change |\n|---|---|--:|--:|--:|\n" + rows;
}

}  // namespace lethe::report
