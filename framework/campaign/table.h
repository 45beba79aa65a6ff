// The result table: one row a cell, from the index. As CSV for programs, as Markdown for people.
#pragma once

#include <string>

#include "framework/campaign/index.h"

namespace lethe::campaign {

// cell, one column for each setting that varies, state, one for each metric ("forget.probability"), error.
// Cells in the order of the file; numbers with all their digits; nothing that depends on time or place, so
// that two campaigns that measured the same give the same bytes.
[[nodiscard]] std::string table_csv(const Index& index);
// The same without the errors' column, which follow as a list; numbers with four significant digits.
[[nodiscard]] std::string table_markdown(const Index& index);

}  // namespace lethe::campaign
