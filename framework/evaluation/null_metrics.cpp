#include "framework/evaluation/null_metrics.h"

#include <algorithm>

#include "framework/evaluation/mean_over_samples.h"

namespace lethe::evaluation {
namespace {

std::optional<std::string> lacks(const Source& source, const std::set<std::string>& statistics,
                                 const Available& available) {
  const auto set = std::ranges::find(available.sets, source.set, &PlainSet::name);
  if (set == available.sets.end()) return fmt::format("there is no set `{}` (eval.sets)", source.set);
  if (source.answers == Answers::perturbed && !set->has_wrong_answers) return no_answers(source);
  if (statistics.contains(std::string(kReferenceLogProb)) && !available.reference)
    return "no reference model (eval.reference)";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_null(const Suite& suite, const std::string& name, const Available& available) {
  const auto entry = std::ranges::find_if(suite, [&](const SuiteEntry& candidate) {
    return candidate.name == name || label_of(candidate.column) == name;
  });
  if (entry == suite.end()) return std::nullopt;
  const Needs needs = entry->metric->needs();
  for (const auto& [source, statistics] : needs.statistics)
    if (auto why = lacks(source, statistics, available)) return why;
  for (const std::string& read : needs.results)
    if (const auto why = why_null(suite, read, available)) return fmt::format("{}: {}", read, *why);
  if (needs.retain_log && !available.retain_log) return "no retain log (eval.retain_log)";
  return std::nullopt;
}

}  // namespace lethe::evaluation
