// How a task ended, as the file beside its configuration says: written by whoever watched it, complete or
// absent, so that it outlives the driver.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "framework/campaign/paths.h"

namespace lethe::campaign {

struct TaskResult {
  int exit_code = 0;  // of the program; 128 + the signal that ended it; 75 where it was told to stop
  int attempt = 1;    // how many attempts ended by themselves, this one included
  double seconds = 0;
  std::string error;  // its first "error[key]: …" line, or how it ended

  [[nodiscard]] bool is_done() const { return exit_code == 0; }
  [[nodiscard]] bool was_stopped() const { return exit_code == 75; }
  // Another attempt may end otherwise: the machine failed, not the configuration, the data or the numbers.
  [[nodiscard]] bool may_be_retried() const;
};

// Nothing if there is no file. Errors: io.*, campaign.result (damaged).
[[nodiscard]] std::optional<TaskResult> read_result(const std::filesystem::path& file);
void write_result(const std::filesystem::path& file, const TaskResult& result);

// The first line of a log that reads "error[…]: …", or its last line.
[[nodiscard]] std::string error_in_log(const std::filesystem::path& log);

// How a task that runs no more has ended: as its result says; without one, as its records do (whoever watched
// it was killed after it was done); otherwise as killed.
[[nodiscard]] TaskResult outcome_of(const CampaignPaths& paths, const std::string& task);
// The same for a task that nobody has touched since an earlier driver: only success counts.
[[nodiscard]] std::optional<TaskResult> earlier_success(const CampaignPaths& paths, const std::string& task);

// Whether a run directory's records say that its last command ended by itself.
[[nodiscard]] bool is_complete_run(const std::filesystem::path& folder);

}  // namespace lethe::campaign
