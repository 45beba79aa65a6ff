#include "framework/report/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "framework/base/error.h"
#include "framework/report/sample_difference.h"
#include "framework/report/settings.h"

namespace lethe::report {
namespace {

using Values = std::map<std::string, std::string>;
using Numbers = std::map<std::string, double>;

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
  values["purpose"] = run.run->purpose;
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
    values["selection of " + data.set] = data.selection.empty() ? "all" : data.selection;
    if (!data.selection_hash.empty()) values["hash of the selection of " + data.set] = data.selection_hash;
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

Numbers numbers_of(const RunSummary& run) {
  Numbers numbers;
  for (const auto& evaluation : run.evaluations)
    for (const auto& [metric, value] : evaluation.aggregates)
      numbers[fmt::format("{}, {}, {}", evaluation.tag, evaluation.set, metric)] = value;
  if (run.summary) numbers["updates"] = static_cast<double>(run.summary->steps);
  return numbers;
}

// As differences(), of numbers: with as many digits as it takes to tell the two apart.
std::string differences(const Numbers& a, const Numbers& b) {
  Values of_a, of_b;
  for (const auto& [key, value] : a) of_a[key] = shortest(value);
  for (const auto& [key, value] : b) {
    of_b[key] = shortest(value);
    const auto other = a.find(key);
    if (other == a.end()) continue;
    std::tie(of_a[key], of_b[key]) = same_number(other->second, value)
                                         ? std::pair(shortest(value), shortest(value))
                                         : told_apart(other->second, value);
  }
  return differences(of_a, of_b);
}

// "forget 14.1 and 14.2, retain only in one" of two steps.
std::string parting_terms(const records::StepRecord& a, const records::StepRecord& b) {
  std::set<std::string> names;
  for (const auto& [name, value] : a.terms) names.insert(name);
  for (const auto& [name, value] : b.terms) names.insert(name);
  std::string text;
  for (const std::string& name : names) {
    const auto of_a = a.terms.find(name), of_b = b.terms.find(name);
    if (of_a == a.terms.end() || of_b == b.terms.end()) {
      text += fmt::format("{}{} only in one", text.empty() ? "" : ", ", name);
    } else if (!same_number(of_a->second, of_b->second)) {
      const auto [one, other] = told_apart(of_a->second, of_b->second);
      text += fmt::format("{}{} {} and {}", text.empty() ? "" : ", ", name, one, other);
    }
  }
  return text;
}

// Two records of one step; empty where batch, loss and its terms are the same.
std::string parting_of(const records::StepRecord& a, const records::StepRecord& b) {
  if (a.forget_ids != b.forget_ids || a.retain_ids != b.retain_ids)
    return fmt::format("The batches differ from step {} on.\n\n", a.step);
  const std::string terms = parting_terms(a, b);
  const std::string of_terms = terms.empty() ? "" : fmt::format("; its terms: {}", terms);
  if (!same_number(a.loss, b.loss)) {
    const auto [one, other] = told_apart(a.loss, b.loss);
    return fmt::format("The batches agree; the losses differ from step {} on ({} and {}{}).\n\n", a.step, one,
                       other, of_terms);
  }
  if (terms.empty()) return "";
  return fmt::format("Batches and losses agree; terms of the loss differ from step {} on ({}).\n\n", a.step,
                     terms);
}

// Where the paths part: the first step of both at which batch, loss or terms differ.
std::string first_parting(const RunSummary& a, const RunSummary& b) {
  bool share_a_step = false;
  for (const records::StepRecord& step : a.steps) {
    const auto other = std::ranges::find(b.steps, step.step, &records::StepRecord::step);
    if (other == b.steps.end()) continue;
    share_a_step = true;
    if (std::string parting = parting_of(step, *other); !parting.empty()) return parting;
  }
  return share_a_step ? "Batches and losses agree in every step that both have.\n\n" : "";
}

// A configuration that cannot be read is compared as a whole.
Values configuration_of(const RunSummary& run) {
  if (!run.run) return {};
  try {
    return settings_of(run.run->config_yaml);
  } catch (const Error& e) {
    return {{"(not readable)", e.what()}};
  }
}

}  // namespace

std::string difference_text(const RunSummary& a, const RunSummary& b) {
  return fmt::format("# {} and {}\n\n", a.name, b.name) + first_parting(a, b) +
         section("Configuration", differences(configuration_of(a), configuration_of(b)), a, b) +
         section("Code", differences(code_of(a), code_of(b)), a, b) +
         section("Data and model", differences(inputs_of(a), inputs_of(b)), a, b) +
         section("World", differences(world_of(a), world_of(b)), a, b) +
         section("Numbers", differences(numbers_of(a), numbers_of(b)), a, b) + samples_section(a, b);
}

}  // namespace lethe::report
