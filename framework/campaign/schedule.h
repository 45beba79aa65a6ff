// What is done, what may start, what waits in vain: the state of a campaign's tasks. Knows no process and no
// clock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "framework/campaign/plan.h"
#include "framework/campaign/task_result.h"

namespace lethe::campaign {

enum class TaskState { waiting, running, done, failed, blocked };  // blocked: what it needs has failed
[[nodiscard]] std::string_view name_of(TaskState state);

struct SchedulePolicy {
  std::int64_t retries = 1;  // attempts beyond the first, where TaskResult::may_be_retried
  bool keep_going = false;   // a failed task stops only what needs it
};

struct Counts {
  std::size_t waiting = 0, running = 0, done = 0, failed = 0, blocked = 0;
};

class Schedule {
 public:
  Schedule(const Plan& plan, SchedulePolicy policy);

  // The next task whose needs are done; nothing when none is ready, or when a failure ended it all.
  [[nodiscard]] const Task* next_ready() const;
  void started(const std::string& key);
  // A stopped task waits again, its attempts uncounted.
  void finished(const std::string& key, const TaskResult& result);
  // As found on disk at the start. A failure counts with the attempts that its result tells; a driver that
  // tries failed tasks again does not mention it.
  void found_done(const std::string& key, const TaskResult& result);
  void found_failed(const std::string& key, const TaskResult& result);

  [[nodiscard]] TaskState state(const std::string& key) const { return tasks_.at(key).state; }
  [[nodiscard]] const TaskResult& result(const std::string& key) const { return tasks_.at(key).result; }
  [[nodiscard]] int next_attempt(const std::string& key) const { return tasks_.at(key).attempts + 1; }
  // Of a cell: failed or blocked if a task of it is, done if all are, running if one is.
  [[nodiscard]] TaskState state_of(const PlannedCell& cell) const;
  [[nodiscard]] Counts cells() const;
  [[nodiscard]] Counts tasks() const;
  // Seconds of work left, from the mean duration of each stage's finished tasks; nothing before the first,
  // and where no task waits or runs.
  [[nodiscard]] std::optional<double> work_left_seconds() const;
  [[nodiscard]] const Plan& plan() const { return plan_; }

 private:
  struct Progress {
    TaskState state = TaskState::waiting;
    int attempts = 0;
    TaskResult result;
  };
  void block_what_needs(const std::string& key);
  bool is_ready(const Task& task) const;

  const Plan& plan_;
  SchedulePolicy policy_;
  std::map<std::string, Progress> tasks_;
  bool has_failed_ = false;
};

}  // namespace lethe::campaign
