// One task as processes: a supervisor, and below it the program (mpirun, or lethe itself). The supervisor
// holds the task's lock as long as anything of the task lives and writes how it ended; it does not need the
// driver, so a killed driver loses nothing that was running.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/campaign/paths.h"

namespace lethe::campaign {

struct TaskLaunch {
  std::string key;
  std::vector<std::string> words;  // program and arguments
  std::vector<std::pair<std::string, std::string>> environment;
  int attempt = 1;
  std::vector<std::int64_t> gpus = {};  // that it was given, for whoever finds it running
};

// Whose a running task is, as its lock file says.
struct TaskHolder {
  pid_t supervisor = 0;
  std::vector<std::int64_t> gpus;
};

// Starts supervisor and program; gives the supervisor's process id, or nothing if the task is running already
// (a supervisor that an earlier driver left) or has succeeded meanwhile. The supervisor has a process group
// of its own: a Ctrl-C at the terminal reaches the driver only. Errors: os (fork), io.*.
[[nodiscard]] std::optional<pid_t> start_task(const CampaignPaths& paths, const TaskLaunch& launch);

// The same in this process, until the program ends: for a job of a batch system. SIGINT, SIGTERM and SIGUSR1
// are handed on. Gives the exit code that the result holds, that of an earlier success too. Errors:
// out.locked (the task is running already).
[[nodiscard]] int run_task(const CampaignPaths& paths, const TaskLaunch& launch);

// Asks a supervisor to stop its task: first so that its state is saved (SIGUSR1), then at once (SIGTERM).
void stop_task(pid_t supervisor);

// Does not hold up whoever starts the task at the same time.
[[nodiscard]] bool is_task_running(const CampaignPaths& paths, const std::string& key);

// Nothing where the supervisor lives no more, whether or not the program does.
[[nodiscard]] std::optional<TaskHolder> holder_of(const CampaignPaths& paths, const std::string& key);

}  // namespace lethe::campaign
