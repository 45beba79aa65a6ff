// One line of a records file: {"schema":1,"kind":"step","time":"2026-01-31T12:00:00.000Z", …the record's
// fields}. A field may be added within a schema (readers pass over what they do not know); anything else
// raises the schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "framework/records/outcome.h"
#include "framework/records/progress.h"
#include "framework/records/provenance.h"

namespace lethe::records {

inline constexpr int kSchema = 1;

using Record = std::variant<RunRecord, ModelRecord, DataRecord, StepRecord, SamplerRecord, CheckpointRecord,
                            MemoryRecord, PhasesRecord, EventRecord, SummaryRecord, ScoringRecord,
                            ScoreRecord, EvaluationRecord, GenerationRecord, AnalysisRecord>;

struct Entry {
  std::string time;  // UTC, milliseconds
  Record record;
};

[[nodiscard]] std::string_view kind_of(const Record& record);
// The step that a record belongs to; nothing for those that belong to the whole run.
[[nodiscard]] std::optional<std::int64_t> step_of(const Record& record);

// Without the newline. Text that is not UTF-8 is written with replacement characters.
[[nodiscard]] std::string to_line(const Entry& entry);
// `where` is file:line, for messages. Nothing if the kind is unknown to this schema.
// Errors: records.json (not JSON, no kind), records.schema (newer than ours), records.type.
[[nodiscard]] std::optional<Entry> parse_line(std::string_view line, const std::string& where);

// For redaction and purging, which must not miss any: every set but those that are known to be kept, so a
// set that a user named too.
[[nodiscard]] bool may_hold_forget_text(std::string_view set);
// For what numbers mean: the forget set, and those of earlier requests and other wordings (forget_NAME).
[[nodiscard]] bool is_to_be_forgotten(std::string_view set);

[[nodiscard]] std::string utc_now();

}  // namespace lethe::records
