// The two files beside the records that other programs open: scores.csv and metrics.json. Both are derived
// from the records and can be made again from them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/records/record.h"

namespace lethe::records {

// One row a score, sorted by step and row; numbers with all their digits.
[[nodiscard]] std::string scores_csv(std::vector<ScoreRecord> scores);

// {"before": {"forget": {"probability": …}}, "step 10": …}: the aggregates, by tag and set.
[[nodiscard]] std::string metrics_json(const std::vector<EvaluationRecord>& evaluations);

// A CSV field: quoted when it holds a comma, a quote or a line break. A leading = + - @ of text (never of a
// number) gets an apostrophe, so that a spreadsheet does not run it.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace lethe::records
