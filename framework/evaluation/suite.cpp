#include "framework/evaluation/suite.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/config/document.h"
#include "framework/config/yaml_text.h"

namespace lethe::evaluation {
namespace {

SuiteEntry read_entry(config::Section section) {
  const auto names = metric_names();
  std::string metric;
  section.named_here(metric, names, "the metric");
  SuiteEntry entry;
  section.optional("as", entry.name, "its name in result files and formulas; set and metric where empty")
      .optional("summary", entry.listed, "also in the summary file");
  for (const Entry& made : registry())
    if (made.name == metric) entry.metric = made.make(section);
  entry.column = entry.metric->column();
  if (entry.name.empty()) entry.name = label_of(entry.column);
  return entry;
}

void check_order(const config::Section& section, const Suite& suite) {
  std::set<std::string> before;
  for (const SuiteEntry& entry : suite) {
    for (const std::string& read : entry.metric->needs().results)
      if (!before.contains(read))
        section.refuse("metrics", "config.conflict",
                       fmt::format("{} reads {}, which does not stand before it", entry.name, read));
    if (!before.insert(entry.name).second)
      section.refuse("metrics", "config.conflict", fmt::format("two metrics are called {}", entry.name),
                     "tell them apart with `as`");
  }
}

// Records and formulas know a metric by its column. Where several have one column, it is that of the entry
// without a name of its own, else of the first; the others get one of their own name, so that none overwrites
// another.
void part_columns(const config::Section& section, Suite& suite) {
  std::map<std::string, const SuiteEntry*> known;  // by name and by label
  for (const SuiteEntry& entry : suite) known[entry.name] = &entry;
  for (SuiteEntry& entry : suite) {
    const auto taken = known.find(label_of(entry.column));
    if (taken != known.end() && taken->second != &entry) entry.column.name = entry.name;
    if (entry.column.name == "id" || entry.column.name == "row")  // records::SampleMetrics
      section.refuse(
          "metrics", "config.conflict",
          fmt::format("a metric would be recorded as {0}, where a sample's {0} stands", entry.name),
          "call it otherwise with `as`");
    const auto [at, fresh] = known.emplace(label_of(entry.column), &entry);
    if (at->second != &entry)
      section.refuse(
          "metrics", "config.conflict",
          fmt::format("{} and {} are both recorded as {}", at->second->name, entry.name, at->first),
          "tell them apart with `as`: where two have one column, it names the second one's");
  }
}

std::set<std::string> sets_read(const SuiteEntry& entry) {
  const Needs needs = entry.metric->needs();
  std::set<std::string> sets = needs.generations;
  for (const auto& [source, statistics] : needs.statistics) sets.insert(source.set);
  for (const std::string& set : needs.optional_sets) sets.erase(set);
  return sets;
}

}  // namespace

Suite read_suite(config::Section& section) {
  Suite suite;
  for (config::Section& entry : section.sections("metrics", "what is measured; a plain suite where absent"))
    suite.push_back(read_entry(entry));
  check_order(section, suite);
  part_columns(section, suite);
  return suite;
}

std::vector<const SuiteEntry*> entries_of(const Suite& suite) {
  std::vector<const SuiteEntry*> entries;
  for (const SuiteEntry& entry : suite) entries.push_back(&entry);
  return entries;
}

Needs needs_of(std::span<const SuiteEntry* const> suite) {
  Needs all;
  for (const SuiteEntry* entry : suite) {
    const Needs needs = entry->metric->needs();
    for (const auto& [source, names] : needs.statistics)
      all.statistics[source].insert(names.begin(), names.end());
    all.generations.insert(needs.generations.begin(), needs.generations.end());
  }
  return all;
}

std::optional<AbsentSet> absent_set(std::span<const SuiteEntry* const> suite,
                                    std::span<const std::string> sets) {
  for (const SuiteEntry* entry : suite)
    for (const std::string& set : sets_read(*entry)) {
      if (std::ranges::find(sets, set) != sets.end()) continue;
      const std::string guess = base::did_you_mean(set, sets);
      return AbsentSet{.what = fmt::format("{}: there is no set `{}`", entry->name, set),
                       .hint = fmt::format("{}{}sets are {}; eval.sets adds others", guess,
                                           guess.empty() ? "" : " ", base::join(sets, ", "))};
    }
  return std::nullopt;
}

Suite plain_suite(const std::vector<PlainSet>& sets, bool generate) {
  std::string yaml = "metrics:\n";
  for (const PlainSet& set : sets) {
    const std::string name = config::yaml_text(set.name);
    yaml += fmt::format("  - {{name: probability, set: {}}}\n", name);
    if (set.has_wrong_answers) yaml += fmt::format("  - {{name: truth_ratio, set: {}}}\n", name);
    if (generate) yaml += fmt::format("  - {{name: rouge, set: {}}}\n", name);
  }
  config::Section section = config::parse(yaml, "the plain suite");
  return read_suite(section);
}

std::string label_of(const Column& column) {
  return column.set.empty() ? column.name : column.set + "." + column.name;
}

std::vector<std::string> names_of(const Suite& suite) {
  std::vector<std::string> names;
  for (const SuiteEntry& entry : suite) {
    names.push_back(entry.name);
    names.push_back(label_of(entry.column));
  }
  return names;
}

std::vector<const SuiteEntry*> entries_for(const Suite& suite, const std::set<std::string>& names) {
  std::set<std::string> wanted = names;
  std::vector<const SuiteEntry*> chosen;
  for (auto entry = suite.rbegin(); entry != suite.rend(); ++entry) {  // readers stand behind what they read
    if (!wanted.contains(entry->name) && !wanted.contains(label_of(entry->column))) continue;
    for (const std::string& read : entry->metric->needs().results) wanted.insert(read);
    chosen.push_back(&*entry);
  }
  std::ranges::reverse(chosen);
  return chosen;
}

}  // namespace lethe::evaluation
