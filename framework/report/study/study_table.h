// The tables of a study: methods with intervals, cells, samples, provenance. HTML for the page; CSV and
// Markdown with the same numbers.
#pragma once

#include <string>
#include <vector>

#include "framework/report/study/groups.h"

namespace lethe::report {

// One row a group; mean ± half width of its 95 % interval, "one seed" where there is none; below each value
// the paired difference to the first group with the same samples to forget. The foot has what was before.
[[nodiscard]] std::string method_table(const Study& study);
// A group's mean with its interval, below it the paired difference to `baseline` if that is another group. A
// table cell, which sorts by the mean.
[[nodiscard]] std::string value_cell(const Study& study, const Group& group, const Group& baseline,
                                     const std::string& metric);
// What the metric was before the training of cells that are done: "0.860", "0.850 to 0.870" where it differs;
// empty where none evaluated before.
[[nodiscard]] std::string before_text(const std::vector<const StudyCell*>& cells, const std::string& metric);
// One row a cell: choices, state, metrics, seconds, tokens per second, peak memory.
[[nodiscard]] std::string cell_table(const Study& study);
// One table a group: each forget sample's score, probability before and after (mean over seeds), draws.
[[nodiscard]] std::string sample_tables(const Study& study);
// What all cells share, then one row a cell for what differs.
[[nodiscard]] std::string study_provenance(const Study& study);
// Whether numbers to forget stand under several choices of samples and are of the same ones, because a later
// stage measured others than the training had.
[[nodiscard]] bool mixes_up_samples(const Study& study);
// Where numbers are of other samples than were to be forgotten: how many cells, which samples, and what to
// set instead where that mixes them up. Empty where there is no such cell.
[[nodiscard]] std::string other_samples_note(const Study& study);
// What a reader might expect and will not find.
[[nodiscard]] std::vector<std::string> missing_from(const Study& study);

[[nodiscard]] std::string study_markdown(const Study& study);
// group columns, metric, mean, half_width_95, seeds, difference, difference_half_width_95, difference_seeds.
[[nodiscard]] std::string study_csv(const Study& study);

// "0.913 ± 0.012", "0.913 (one seed)".
[[nodiscard]] std::string interval_text(const Interval& interval, bool with_sign = false);
// "Answer probability, to forget".
[[nodiscard]] std::string metric_title(const std::string& name);
// " ↑" where more is better, " ↓" where less is, in every cell. HTML.
[[nodiscard]] std::string goal_arrow(const Study& study, const std::string& name);

}  // namespace lethe::report
