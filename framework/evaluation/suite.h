// The metrics of an evaluation, in order: each has the name that result files give it, and may read the
// results of those before it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/evaluation/metric.h"

namespace lethe::evaluation {

struct SuiteEntry {
  std::string name;
  Column column;       // the metric's; where several share one, it names only one of them
  bool listed = true;  // also in the summary
  std::unique_ptr<Metric> metric;
};
using Suite = std::vector<SuiteEntry>;

// Reads the list `metrics` of `section`: a metric's name, or a mapping with `name`, `as` (the name in result
// files), `summary`, and the metric's own options. Errors: config.conflict for two that results or records
// would call the same, or for a metric that reads one that does not stand before it.
[[nodiscard]] Suite read_suite(config::Section& section);
[[nodiscard]] std::vector<const SuiteEntry*> entries_of(const Suite& suite);

// What all of them measure; which results and optional sets they read is left out.
[[nodiscard]] Needs needs_of(std::span<const SuiteEntry* const> suite);

// The first metric that reads a set which is none of `sets`: what is wrong, and a hint.
struct AbsentSet {
  std::string what, hint;
};
[[nodiscard]] std::optional<AbsentSet> absent_set(std::span<const SuiteEntry* const> suite,
                                                  std::span<const std::string> sets);

// What is measured where the configuration names no metrics: probability, truth ratio (of sets with wrong
// answers) and, if asked for, ROUGE of generations.
struct PlainSet {
  std::string name;
  bool has_wrong_answers = false;
};
[[nodiscard]] Suite plain_suite(const std::vector<PlainSet>& sets, bool generate);

// Names that formulas may use: of results, and of columns ("forget.probability").
[[nodiscard]] std::vector<std::string> names_of(const Suite& suite);
[[nodiscard]] std::string label_of(const Column& column);

// Keeps what `names` (results or columns) need, with what that reads.
[[nodiscard]] std::vector<const SuiteEntry*> entries_for(const Suite& suite,
                                                         const std::set<std::string>& names);

}  // namespace lethe::evaluation
