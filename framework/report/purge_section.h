// What the certificates of a run's purges say, for the erasure record.
#pragma once

#include <string>

namespace lethe::report {

// `certificate`: the text of purge.json; empty where the run was not purged. Every purge, the newest first:
// when, what was removed from the run and from shared caches, and what was looked for afterwards. `cache`: of
// the run and still there; empty for none.
[[nodiscard]] std::string purge_section(const std::string& certificate, const std::string& cache = "");

}  // namespace lethe::report
