#include "framework/report/study/groups.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <tuple>

#include "framework/base/statistics.h"

namespace lethe::report {
namespace {

// One that has numbers: an unfinished run may have been started before it.
const StudyCell* with_repeat(const Study& study, const Group& group, const std::string& repeat) {
  for (const StudyCell* cell : group.cells)
    if (!cell->metrics.empty() && study.repeat_of(*cell) == repeat) return cell;
  return nullptr;
}

std::optional<double> mean_of(const Group& group, const std::string& metric) {
  const auto interval = interval_of(group.metric(metric));
  return interval ? std::optional(interval->mean) : std::nullopt;
}

std::size_t place_in(std::initializer_list<std::string_view> order, std::string_view word) {
  return static_cast<std::size_t>(std::ranges::find(order, word) - order.begin());
}

// Groups whose values read alike although they stand in different columns.
void tell_apart(const Study& study, std::vector<Group>& groups) {
  std::map<std::string, int> times;
  for (const Group& group : groups) ++times[group.label];
  for (Group& group : groups)
    if (times[group.label] > 1) group.label = study.long_label_of(*group.cells.front());
}

}  // namespace

std::optional<Interval> interval_of(std::span<const double> values) {
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite), [](double v) { return std::isfinite(v); });
  if (finite.empty()) return std::nullopt;
  const auto n = static_cast<double>(finite.size());
  Interval interval{.mean = base::mean(finite), .count = finite.size()};
  if (finite.size() > 1) {
    const double t = boost::math::quantile(boost::math::students_t(n - 1), 0.975);
    interval.half_width = t * base::standard_deviation(finite) / std::sqrt(n);
  }
  return interval;
}

std::vector<double> Group::metric(const std::string& name) const {
  std::vector<double> values;
  for (const StudyCell* cell : cells)
    if (const auto found = cell->metrics.find(name); found != cell->metrics.end())
      values.push_back(found->second);
  return values;
}

std::size_t Group::num_measured() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(cells, [](const StudyCell* cell) { return !cell->metrics.empty(); }));
}

std::vector<Group> groups_of(const Study& study) {
  std::vector<Group> groups;
  for (const StudyCell& cell : study.cells) {
    const std::vector<std::string> values = study.values_of(cell);
    auto group = std::ranges::find(groups, values, &Group::values);
    if (group == groups.end())
      group = groups.insert(groups.end(), Group{.label = study.label_of(cell), .values = values});
    group->cells.push_back(&cell);
  }
  tell_apart(study, groups);
  return groups;
}

std::string values_where(const Study& study, const Group& group, ColumnRule is_part, bool wanted) {
  std::string text;
  std::size_t at = 0;
  for (const StudyColumn& column : study.columns) {
    if (column.is_repeat) continue;
    const std::string& value = group.values[at++];
    if (is_part(column.name) == wanted && !value.empty()) text += (text.empty() ? "" : ", ") + value;
  }
  return text;
}

bool chooses_samples(const std::string& column) {
  return column == "data.forget" || column.starts_with("data.forget.");
}

std::string samples_of(const Study& study, const Group& group) {
  return values_where(study, group, chooses_samples);
}

const Group& baseline_of(const Study& study, const std::vector<Group>& groups, const Group& group) {
  const std::string samples = samples_of(study, group);
  return *std::ranges::find(groups, samples, [&](const Group& other) { return samples_of(study, other); });
}

std::optional<Interval> paired_difference(const Study& study, const Group& group, const Group& baseline,
                                          const std::string& metric) {
  std::vector<double> differences;
  for (const StudyCell* cell : group.cells) {
    const StudyCell* other = with_repeat(study, baseline, study.repeat_of(*cell));
    if (other == nullptr || !cell->metrics.contains(metric) || !other->metrics.contains(metric)) continue;
    differences.push_back(cell->metrics.at(metric) - other->metrics.at(metric));
  }
  return interval_of(differences);
}

std::vector<std::string> metrics_of(const Study& study) {
  std::vector<std::string> names;
  for (const StudyCell& cell : study.cells)
    for (const auto& [name, value] : cell.metrics)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  std::ranges::sort(names, {}, [](const std::string& name) {
    const auto dot = name.find('.');
    const std::string set = name.substr(0, dot), metric = name.substr(dot + 1);
    return std::tuple(place_in({"forget", "retain", "general"}, set), set,
                      place_in({"probability", "rougeL_recall", "truth_ratio"}, metric), metric);
  });
  return names;
}

bool is_to_forget(const std::string& metric) {
  return records::is_to_be_forgotten(metric.substr(0, metric.find('.')));
}

bool is_on_front(const Study& study, const std::vector<Group>& groups, const Group& group,
                 const std::string& forget_metric, const std::string& keep_metric) {
  const auto forget = mean_of(group, forget_metric), keep = mean_of(group, keep_metric);
  if (!forget || !keep) return false;
  const std::string samples = samples_of(study, group);
  return std::ranges::none_of(groups, [&](const Group& other) {
    if (samples_of(study, other) != samples) return false;
    const auto f = mean_of(other, forget_metric), k = mean_of(other, keep_metric);
    return f && k && *f <= *forget && *k >= *keep && (*f < *forget || *k > *keep);
  });
}

}  // namespace lethe::report
