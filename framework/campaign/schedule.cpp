#include "framework/campaign/schedule.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::campaign {
namespace {

void count(Counts& counts, TaskState state) {
  switch (state) {
    case TaskState::waiting:
      ++counts.waiting;
      break;
    case TaskState::running:
      ++counts.running;
      break;
    case TaskState::done:
      ++counts.done;
      break;
    case TaskState::failed:
      ++counts.failed;
      break;
    case TaskState::blocked:
      ++counts.blocked;
      break;
  }
}

}  // namespace

std::string_view name_of(TaskState state) {
  constexpr std::string_view kNames[] = {"waiting", "running", "done", "failed", "blocked"};
  return kNames[static_cast<int>(state)];
}

Schedule::Schedule(const Plan& plan, SchedulePolicy policy) : plan_(plan), policy_(policy) {
  for (const Task& task : plan.tasks) tasks_[task.key];
}

bool Schedule::is_ready(const Task& task) const {
  return tasks_.at(task.key).state == TaskState::waiting &&
         std::ranges::all_of(
             task.needs, [&](const std::string& need) { return tasks_.at(need).state == TaskState::done; });
}

const Task* Schedule::next_ready() const {
  if (has_failed_ && !policy_.keep_going) return nullptr;
  const auto ready = std::ranges::find_if(plan_.tasks, [&](const Task& task) { return is_ready(task); });
  return ready == plan_.tasks.end() ? nullptr : &*ready;
}

void Schedule::started(const std::string& key) { tasks_.at(key).state = TaskState::running; }

void Schedule::finished(const std::string& key, const TaskResult& result) {
  Progress& task = tasks_.at(key);
  task.result = result;
  if (result.is_done()) {
    task.state = TaskState::done;
  } else if (result.was_stopped()) {
    task.state = TaskState::waiting;
  } else if (++task.attempts <= policy_.retries && result.may_be_retried()) {
    task.state = TaskState::waiting;
  } else {
    task.state = TaskState::failed;
    has_failed_ = true;
    block_what_needs(key);
  }
}

void Schedule::found_done(const std::string& key, const TaskResult& result) {
  LETHE_CHECK(result.is_done(), "task {} is not done", key);
  finished(key, result);
}

void Schedule::found_failed(const std::string& key, const TaskResult& result) {
  LETHE_CHECK(!result.is_done(), "task {} is done", key);
  tasks_.at(key).attempts = result.attempt - 1;
  finished(key, result);
}

// Tasks stand after what they need, so one pass reaches all of them. What is done needs nothing any more.
void Schedule::block_what_needs(const std::string& key) {
  for (const Task& task : plan_.tasks) {
    TaskState& state = tasks_.at(task.key).state;
    const bool blocked =
        state == TaskState::waiting && std::ranges::any_of(task.needs, [&](const std::string& need) {
          return need == key || tasks_.at(need).state == TaskState::blocked;
        });
    if (blocked) state = TaskState::blocked;
  }
}

TaskState Schedule::state_of(const PlannedCell& cell) const {
  Counts counts;
  for (const std::string& key : cell.tasks) count(counts, state(key));
  if (counts.failed > 0 || !cell.error.empty()) return TaskState::failed;
  if (counts.blocked > 0) return TaskState::blocked;
  if (counts.done == cell.tasks.size()) return TaskState::done;
  return counts.running > 0 ? TaskState::running : TaskState::waiting;
}

Counts Schedule::cells() const {
  Counts counts;
  for (const PlannedCell& cell : plan_.cells) count(counts, state_of(cell));
  return counts;
}

Counts Schedule::tasks() const {
  Counts counts;
  for (const auto& [key, task] : tasks_) count(counts, task.state);
  return counts;
}

std::optional<double> Schedule::work_left_seconds() const {
  std::map<std::string, std::pair<double, int>> done;  // stage -> seconds, tasks
  double all = 0, count_all = 0, left = 0;
  for (const Task& task : plan_.tasks) {
    const Progress& progress = tasks_.at(task.key);
    if (progress.state != TaskState::done) continue;
    done[task.stage].first += progress.result.seconds;
    ++done[task.stage].second;
    all += progress.result.seconds;
    ++count_all;
  }
  if (count_all == 0) return std::nullopt;
  for (const Task& task : plan_.tasks) {
    const TaskState now = tasks_.at(task.key).state;
    if (now != TaskState::waiting && now != TaskState::running) continue;
    const auto stage = done.find(task.stage);
    left += stage == done.end() ? all / count_all : stage->second.first / stage->second.second;
  }
  return left > 0 ? std::optional(left) : std::nullopt;
}

}  // namespace lethe::campaign
