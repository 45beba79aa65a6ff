#include "framework/report/difference.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "framework/report/comparison.h"
#include "framework/report/html.h"

namespace lethe::report {
namespace {

using Values = std::map<std::string, std::string>;

// The dotted keys of an effective configuration, as config writes it: two spaces a level, `key: value`.
Values settings_of(const std::string& yaml) {
  Values settings;
  std::vector<std::string> path;
  std::istringstream lines(yaml);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':', indent);
    if (indent == std::string::npos || colon == std::string::npos) continue;
    path.resize(std::min(path.size(), indent / 2));
    path.push_back(line.substr(indent, colon - indent));
    std::string key;
    for (const std::string& step : path) key += (key.empty() ? "" : ".") + step;
    if (colon + 2 <= line.size()) settings[key] = line.substr(colon + 2);
  }
  return settings;
}

// Lines for what differs; a side without the value shows a dash.
std::string differences(const Values& a, const Values& b) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) keys.insert(key);
  for (const auto& [key, value] : b) keys.insert(key);
  const auto value_in = [](const Values& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("\u2013") : found->second;
  };
  std::string lines;
  for (const std::string& key : keys)
    if (value_in(a, key) != value_in(b, key))
      lines += fmt::format("| {} | {} | {} |\n", key, value_in(a, key), value_in(b, key));
  return lines;
}

std::string section(const std::string& title, const std::string& lines, const RunSummary& a,
                    const RunSummary& b) {
  if (lines.empty()) return fmt::format("## {}\n\nThe same.\n\n", title);
  return fmt::format("## {}\n\n| | {} | {} |\n| --- | --- | --- |\n{}\n", title, a.name, b.name, lines);
}

Values code_of(const RunSummary& run) {
  Values values;
  if (!run.run) return values;
  for (const auto& [name, version] : run.run->versions) values["version of " + name] = version;
  values["commit"] = run.run->git_commit;
  values["command"] = run.run->command;
  return values;
}

Values inputs_of(const RunSummary& run) {
  Values values;
  if (run.run)
    for (const auto& [name, hash] : run.run->hashes)
      if (name != "config") values["hash of " + name] = hash;
  for (const auto& data : run.data) {
    values["samples of " + data.set] = std::to_string(data.num_samples);
    values["template of " + data.set] = data.template_hash;
  }
  for (const auto& model : run.models) values["model (" + model.role + ")"] = model.hash;
  return values;
}

Values world_of(const RunSummary& run) {
  Values values;
  if (!run.run) return values;
  values["ranks"] = std::to_string(run.run->world_size);
  values["device"] = run.run->device;
  values["compute type"] = run.run->compute_dtype;
  values["determinism"] = run.run->determinism;
  values["resumed from step"] =
      run.run->resumed_from_step < 0 ? "no" : std::to_string(run.run->resumed_from_step);
  for (std::size_t i = 0; i < run.run->hosts.size(); ++i)
    values[fmt::format("host of rank {}", i)] = run.run->hosts[i];
  return values;
}

Values numbers_of(const RunSummary& run) {
  Values values;
  for (const auto& evaluation : run.evaluations)
    for (const auto& [metric, value] : evaluation.aggregates)
      values[fmt::format("{}, {}, {}", evaluation.tag, evaluation.set, metric)] =
          fmt::format("{:.6g}", value);
  if (run.summary) values["updates"] = std::to_string(run.summary->steps);
  return values;
}

// Where the paths part: the first step at which loss or batch differ.
std::string first_parting(const RunSummary& a, const RunSummary& b) {
  for (std::size_t i = 0; i < std::min(a.steps.size(), b.steps.size()); ++i) {
    if (a.steps[i].forget_ids != b.steps[i].forget_ids || a.steps[i].retain_ids != b.steps[i].retain_ids)
      return fmt::format("The batches differ from step {} on.\n\n", a.steps[i].step);
    if (a.steps[i].loss != b.steps[i].loss)
      return fmt::format("The batches agree; the losses differ from step {} on ({} and {}).\n\n",
                         a.steps[i].step, a.steps[i].loss, b.steps[i].loss);
  }
  return a.steps.empty() || b.steps.empty() ? ""
                                            : "Batches and losses agree in every step that both have.\n\n";
}

}  // namespace

std::string difference_text(const RunSummary& a, const RunSummary& b) {
  const Values of_a = a.run ? settings_of(a.run->config_yaml) : Values{};
  const Values of_b = b.run ? settings_of(b.run->config_yaml) : Values{};
  return fmt::format("# {} and {}\n\n", a.name, b.name) + first_parting(a, b) +
         section("Configuration", differences(of_a, of_b), a, b) +
         section("Code", differences(code_of(a), code_of(b)), a, b) +
         section("Data and model", differences(inputs_of(a), inputs_of(b)), a, b) +
         section("World", differences(world_of(a), world_of(b)), a, b) +
         section("Numbers", differences(numbers_of(a), numbers_of(b)), a, b);
}

}  // namespace lethe::report
