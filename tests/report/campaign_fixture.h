// A campaign's folder, as `lethe campaign` leaves it for reports.
#pragma once

#include <filesystem>
#include <string>

#include "framework/report/run_summary.h"

namespace lethe::report::testing {

// `cells` runs that are done, over samplers, rates and five seeds, and one cell that failed.
void write_campaign(const std::filesystem::path& folder, int cells);

// A run in memory of npo by mrd that ended and knows one number, its forget probability after.
[[nodiscard]] RunSummary run_of(const std::string& config, int seed, double forget);

}  // namespace lethe::report::testing
