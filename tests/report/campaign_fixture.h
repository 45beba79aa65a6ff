// A campaign's folder, as `lethe campaign` leaves it for reports.
#pragma once

#include <filesystem>

namespace lethe::report::testing {

// `cells` runs that are done, over samplers, rates and five seeds, and one cell that failed.
void write_campaign(const std::filesystem::path& folder, int cells);

}  // namespace lethe::report::testing
