// The texts of samples that records quote: which they are, and how they are taken out again.
#pragma once

#include <string>
#include <vector>

#include "framework/records/record.h"

namespace lethe::records {

// Every field that a record's `describe` calls text, where it is not empty.
[[nodiscard]] std::vector<std::string> texts_of(const Record& record);

// Empties them and marks the record as purged. Numbers, rows and hashed ids stay.
void erase_texts(Record& record);

// Whether the record quotes a sample of a set that is to be forgotten.
[[nodiscard]] bool quotes_forget_text(const Record& record);

// The hashed ids of forget samples that the record names.
[[nodiscard]] std::vector<std::string> forget_ids_of(const Record& record);

// What a line holds that no field of its kind has read, as a path ("samples.0.comment"); empty if nothing. A
// purge must not keep what it cannot read.
[[nodiscard]] std::string unread_part(std::string_view line, const Entry& entry);

}  // namespace lethe::records
