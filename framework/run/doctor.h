// `lethe doctor`: looks at the ranks, machines and disk that a run would have, and says what is wrong and how
// to mend it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/dist/device.h"
#include "framework/dist/world.h"

namespace lethe::run {

enum class Health { good, doubtful, bad };

struct Finding {
  std::string subject;  // "cores", "disk", …
  Health health = Health::good;
  std::string what;  // what was found
  std::string mend;  // what to do; empty where nothing is wrong
};

// Collective. `folder`: where runs are to lie; made if it is not there, and removed again. Findings of this
// host's first rank, on every rank those of its own.
[[nodiscard]] std::vector<Finding> examine(dist::World& world, const std::filesystem::path& folder);

[[nodiscard]] std::string findings_text(const std::vector<Finding>& findings);
[[nodiscard]] std::string findings_json(const std::vector<Finding>& findings);
[[nodiscard]] bool any_bad(const std::vector<Finding>& findings);

// Pure parts, for tests.
[[nodiscard]] Finding judge_threads(int threads, int local_ranks, int cores);
[[nodiscard]] Finding judge_gpus(const dist::DeviceProbe& found, const dist::RankInfo& rank);
[[nodiscard]] Finding judge_disk(const std::filesystem::path& folder);

}  // namespace lethe::run
