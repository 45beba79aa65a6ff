#include "framework/report/sample_difference.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace lethe::report {
namespace {

using ById = std::map<std::string, double>;
using Measures =
    std::map<std::string, ById>;  // "MRD, step 0", "after, forget, probability": each sample's value

Measures measures_of(const RunSummary& run) {
  Measures measures;
  for (const Scoring& scoring : run.scorings)
    for (const auto& score : scoring.scores) {
      measures[fmt::format("MRD, step {}", scoring.step)][score.id] = score.mrd;
      measures[fmt::format("loss when scored, step {}", scoring.step)][score.id] = score.loss;
    }
  for (const auto& sampler : run.samplers)
    for (const auto& weight : sampler.weights)
      measures[fmt::format("sampling weight, step {}", sampler.step)][weight.id] = weight.probability;
  for (const auto& evaluation : run.evaluations)
    for (const auto& sample : evaluation.samples)
      for (const auto& [metric, value] : sample.values)
        measures[fmt::format("{}, {}, {}", evaluation.tag, evaluation.set, metric)][sample.id] = value;
  return measures;
}

struct Differing {
  std::size_t in_both = 0, different = 0, only_in_a = 0, only_in_b = 0;
  std::string id;  // of the largest difference
  double a = 0, b = 0, largest = -1;
};

// Between a number and none it is the largest there can be.
double distance(double a, double b) {
  const double distance = std::abs(a - b);
  return std::isnan(distance) ? std::numeric_limits<double>::infinity() : distance;
}

Differing compared(const ById& a, const ById& b) {
  Differing found;
  for (const auto& [id, of_a] : a) {
    const auto other = b.find(id);
    if (other == b.end()) {
      ++found.only_in_a;
      continue;
    }
    ++found.in_both;
    if (same_number(of_a, other->second)) continue;
    ++found.different;
    if (const double far = distance(of_a, other->second); far > found.largest)
      found.id = id, found.a = of_a, found.b = other->second, found.largest = far;
  }
  found.only_in_b = b.size() - found.in_both;
  return found;
}

std::string how_many(const Differing& found, const std::string& name_a, const std::string& name_b) {
  std::string text = fmt::format("{} of {}", found.different, found.in_both);
  if (found.only_in_a > 0) text += fmt::format("; {} more only in {}", found.only_in_a, name_a);
  if (found.only_in_b > 0) text += fmt::format("; {} more only in {}", found.only_in_b, name_b);
  return text;
}

// Empty where all samples agree.
std::string row_of(const std::string& measure, const Differing& found, const RunSummary& a,
                   const RunSummary& b) {
  if (found.different + found.only_in_a + found.only_in_b == 0) return "";
  const std::string count = how_many(found, a.name, b.name);
  if (found.different == 0) return fmt::format("| {} | {} | – | – | – | – |\n", measure, count);
  const auto [one, other] = told_apart(found.a, found.b);
  return fmt::format("| {} | {} | {:.6g} | {} | {} | {} |\n", measure, count, found.largest, found.id, one,
                     other);
}

}  // namespace

bool same_number(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// A not-a-number has a sign that means nothing.
std::string shortest(double value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

std::pair<std::string, std::string> told_apart(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return {shortest(a), shortest(b)};
  for (int digits = 6; digits < std::numeric_limits<double>::max_digits10; ++digits) {
    std::pair shown(fmt::format("{:.{}g}", a, digits), fmt::format("{:.{}g}", b, digits));
    if (shown.first != shown.second) return shown;
  }
  return {shortest(a), shortest(b)};
}

std::string samples_section(const RunSummary& a, const RunSummary& b) {
  const Measures of_a = measures_of(a), of_b = measures_of(b);
  std::set<std::string> names;
  for (const auto& [name, values] : of_a) names.insert(name);
  for (const auto& [name, values] : of_b) names.insert(name);
  const auto values_in = [](const Measures& measures, const std::string& name) {
    const auto found = measures.find(name);
    return found == measures.end() ? ById{} : found->second;
  };
  std::string rows;
  for (const std::string& name : names)
    rows += row_of(name, compared(values_in(of_a, name), values_in(of_b, name)), a, b);
  if (rows.empty()) return "## Samples\n\nThe same.\n\n";
  return fmt::format(
      "## Samples\n\n| | samples that differ | largest difference | of sample | {} | {} |\n"
      "| --- | --- | --- | --- | --- | --- |\n{}\n",
      a.name, b.name, rows);
}

}  // namespace lethe::report
