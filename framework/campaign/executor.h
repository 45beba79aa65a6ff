// How the tasks of a campaign are started. One way, one file in executors/; the word in the YAML is its name:
//
//   executor: local                        # or {name: local, cores: 8}
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/campaign/schedule.h"
#include "framework/campaign/task_process.h"
#include "framework/config/section.h"

namespace lethe::campaign {

// What an executor works on.
struct Execution {
  Schedule& schedule;
  const CampaignPaths& paths;
  std::string program;                    // lethe
  std::vector<std::string> driver_words;  // this command, for jobs that run one task of it
  std::function<void()> on_change;        // a task started or ended
  std::function<void()> on_wait;          // now and then while waiting
  std::function<int()> stops_asked;       // how often the driver was told to stop
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Returns when nothing runs and nothing can start, or after a stop.
  virtual void run(Execution& execution) = 0;
  // How `ranks` ranks are started: words before the program.
  [[nodiscard]] virtual std::vector<std::string> launcher(std::int64_t ranks) const;
  // Whether run() only writes or hands over work, so that waiting tasks are no surprise afterwards.
  [[nodiscard]] virtual bool hands_over() const { return false; }
  // Whether a run that has failed for good is tried again by the same command; else only when told to.
  [[nodiscard]] virtual bool tries_failed_again() const { return true; }
};

// The program's words for a task: launcher, lethe, command, configuration, run directory.
[[nodiscard]] std::vector<std::string> words_of(const Executor& executor, const Execution& execution,
                                                const Task& task);
// As a shell reads it.
[[nodiscard]] std::string shell_line(std::span<const std::string> words);

using Make = std::unique_ptr<Executor>(config::Section);
struct Entry {
  std::string_view name;
  Make* make;
};
std::span<const Entry> registry();
[[nodiscard]] std::vector<std::string> executor_names();
[[nodiscard]] std::unique_ptr<Executor> make_executor(const std::string& name,
                                                      const config::Section& section);

}  // namespace lethe::campaign
