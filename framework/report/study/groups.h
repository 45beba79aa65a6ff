// Cells that differ only in their seed, taken together: means with confidence intervals, and paired
// differences to the first group.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/report/study/study.h"

namespace lethe::report {

struct Interval {
  double mean = 0;
  std::optional<double> half_width;  // 95 %, Student's t over seeds; nothing for one value
  std::size_t count = 0;
};

// NaN values are left out; nothing where none is left.
[[nodiscard]] std::optional<Interval> interval_of(std::span<const double> values);

struct Group {
  std::string label;
  std::vector<std::string> values;  // one for each column that is no repeat
  std::vector<const StudyCell*> cells;

  [[nodiscard]] std::vector<double> metric(const std::string& name) const;
  [[nodiscard]] std::size_t num_measured() const;  // cells with any metric
};

// In the order of the first cell of each.
[[nodiscard]] std::vector<Group> groups_of(const Study& study);

// A group's values of the columns that `is_part` holds for (or, with `wanted` false, of the others): "npo,
// 2e-05".
using ColumnRule = bool (*)(const std::string& column);
[[nodiscard]] std::string values_where(const Study& study, const Group& group, ColumnRule is_part,
                                       bool wanted = true);
// Whether a column says which samples are to be forgotten: a split, or a stratum of stated difficulty.
[[nodiscard]] bool chooses_samples(const std::string& column);
// "mrd, hard"; empty where the study has no such column.
[[nodiscard]] std::string samples_of(const Study& study, const Group& group);
// The first group with the same samples to forget, one of `groups`: paired differences are to it. What
// another set of samples comes to says nothing about the method.
[[nodiscard]] const Group& baseline_of(const Study& study, const std::vector<Group>& groups,
                                       const Group& group);

// The difference of two groups over the seeds that both have. With one seed in common there is a difference
// and no interval.
[[nodiscard]] std::optional<Interval> paired_difference(const Study& study, const Group& group,
                                                        const Group& baseline, const std::string& metric);

// Metric names of all cells: forget's first, then retain's, then general's; probability first in each.
[[nodiscard]] std::vector<std::string> metrics_of(const Study& study);

// Whether "forget.probability" is of samples to forget.
[[nodiscard]] bool is_to_forget(const std::string& metric);

// Whether no other group with the same samples to forget forgets at least as much and keeps at least as much
// (and one of them more). Values are means of the two metrics.
[[nodiscard]] bool is_on_front(const Study& study, const std::vector<Group>& groups, const Group& group,
                               const std::string& forget_metric, const std::string& keep_metric);

}  // namespace lethe::report
