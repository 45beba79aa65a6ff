// Packs tasks onto this machine: as many at once as cores (or GPUs) hold their ranks, each under its own
// mpirun.
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <thread>
#include <utility>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/campaign/executor.h"

namespace lethe::campaign::local_entry {
namespace {

// How long the driver sleeps at most: the end of a task of its own and a signal wake it; of a task that an
// earlier driver left running only its lock tells.
constexpr int kSleepMilliseconds = 500, kSleepWatchingMilliseconds = 50;

// A descriptor that becomes readable when a process ends; -1 where the kernel has none to give.
class ProcessFd {
 public:
  ProcessFd() = default;
  explicit ProcessFd(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ProcessFd(ProcessFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ProcessFd& operator=(ProcessFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~ProcessFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Options {
  std::int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  std::int64_t gpus = 0;
};

Options read(config::Section section) {
  Options o;
  section.optional("cores", o.cores, "ranks at once, over all tasks", config::at_least(1))
      .optional("gpus", o.gpus, "GPUs to hand out, one a rank; 0 hands out none", config::between(0, 1024));
  section.reject_unknown();
  return o;
}

// The GPUs that this process may use: a scheduler's choice stands in CUDA_VISIBLE_DEVICES, by number or UUID.
std::vector<std::string> visible_gpus(std::int64_t wanted) {
  std::vector<std::string> names;
  if (const char* given = std::getenv("CUDA_VISIBLE_DEVICES")) {
    std::istringstream list(given);
    for (std::string name; std::getline(list, name, ',');) names.push_back(name);
    if (std::ssize(names) < wanted)
      fail("campaign.gpus",
           fmt::format("campaign.executor.gpus is {}, CUDA_VISIBLE_DEVICES shows {}: {}", wanted,
                       names.size(), given),
           fmt::format("write gpus: {}, or ask for more GPUs", names.size()));
  } else {
    for (std::int64_t gpu = 0; gpu < wanted; ++gpu) names.push_back(std::to_string(gpu));
  }
  return names;
}

struct Running {
  const Task* task;
  pid_t supervisor = 0;  // 0: an earlier driver's, watched by its lock
  std::vector<std::int64_t> gpus = {};
  ProcessFd ended = {};
};

class Local final : public Executor {
 public:
  explicit Local(Options options)
      : options_(options), free_cores_(options.cores), visible_gpus_(visible_gpus(options.gpus)) {
    for (std::int64_t gpu = 0; gpu < options.gpus; ++gpu) free_gpus_.push_back(gpu);
  }

  void run(Execution& execution) override {
    int stops = 0;
    find_running(execution);
    while (true) {
      if (execution.stops_asked() == 0) start_ready(execution);
      if (running_.empty()) return;
      for (; stops < execution.stops_asked(); ++stops) stop_all(execution);
      if (!collect(execution)) sleep_until_something_happens();
      execution.on_wait();
    }
  }

 private:
  // A task that is wider than the machine still runs, alone.
  bool fits(const Task& task) const {
    const auto gpus = static_cast<std::int64_t>(free_gpus_.size());
    return std::min(task.ranks, options_.cores) <= free_cores_ &&
           (options_.gpus == 0 || std::min(task.ranks, options_.gpus) <= gpus);
  }

  void start_ready(Execution& execution) {
    for (const Task* task = execution.schedule.next_ready(); task != nullptr && fits(*task);
         task = execution.schedule.next_ready())
      start(execution, *task);
  }

  // What an earlier driver left, before anything is put on its cores and GPUs.
  void find_running(Execution& execution) {
    for (const Task& task : execution.schedule.plan().tasks)
      if (execution.schedule.state(task.key) == TaskState::waiting &&
          is_task_running(execution.paths, task.key))
        adopt(execution, task);
  }

  void start(Execution& execution, const Task& task) {
    Running running{.task = &task};
    const auto fewest = std::min(free_gpus_.size(), static_cast<std::size_t>(task.ranks));
    running.gpus.assign(free_gpus_.end() - static_cast<std::ptrdiff_t>(fewest), free_gpus_.end());
    const auto supervisor = start_task(execution.paths, launch_of(execution, running));
    if (!supervisor) return adopt(execution, task);
    running.supervisor = *supervisor;
    running.ended = ProcessFd(*supervisor);
    note(execution, std::move(running));
  }

  // It runs on the GPUs that its own driver gave it.
  void adopt(Execution& execution, const Task& task) {
    Running running{.task = &task};
    if (const auto holder = holder_of(execution.paths, task.key)) running.gpus = holder->gpus;
    note(execution, std::move(running));
  }

  void note(Execution& execution, Running running) {
    free_cores_ -= std::min(running.task->ranks, options_.cores);
    std::erase_if(free_gpus_, [&](std::int64_t gpu) { return std::ranges::count(running.gpus, gpu) > 0; });
    execution.schedule.started(running.task->key);
    running_.push_back(std::move(running));
    execution.on_change();
  }

  void give_back(const Running& ended) {
    free_cores_ += std::min(ended.task->ranks, options_.cores);
    for (const std::int64_t gpu : ended.gpus)
      if (gpu < options_.gpus && std::ranges::count(free_gpus_, gpu) == 0) free_gpus_.push_back(gpu);
  }

  TaskLaunch launch_of(const Execution& execution, const Running& running) const {
    TaskLaunch launch{.key = running.task->key,
                      .words = words_of(*this, execution, *running.task),
                      .attempt = execution.schedule.next_attempt(running.task->key),
                      .gpus = running.gpus};
    if (std::getenv("OMP_NUM_THREADS") == nullptr) launch.environment.emplace_back("OMP_NUM_THREADS", "1");
    if (::geteuid() == 0)  // containers
      launch.environment.insert(launch.environment.end(),
                                {{"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}});
    std::vector<std::string> gpus;
    for (const std::int64_t gpu : running.gpus)
      gpus.push_back(visible_gpus_.at(static_cast<std::size_t>(gpu)));
    if (options_.gpus > 0) launch.environment.emplace_back("CUDA_VISIBLE_DEVICES", base::join(gpus, ","));
    return launch;
  }

  void sleep_until_something_happens() const {
    std::vector<pollfd> fds;
    int most = kSleepMilliseconds;
    for (const Running& running : running_) {
      if (running.ended.get() >= 0)
        fds.push_back({.fd = running.ended.get(), .events = POLLIN, .revents = 0});
      else
        most = kSleepWatchingMilliseconds;
    }
    ::poll(fds.data(), fds.size(), most);  // a signal ends it early, which is as good
  }

  // Also what an earlier driver left, as long as its supervisor lives.
  void stop_all(const Execution& execution) const {
    for (const Running& running : running_)
      if (running.supervisor > 0)
        stop_task(running.supervisor);
      else if (const auto holder = holder_of(execution.paths, running.task->key))
        stop_task(holder->supervisor);
  }

  static bool has_ended(const Execution& execution, const Running& running) {
    if (running.supervisor == 0) return !is_task_running(execution.paths, running.task->key);
    return ::waitpid(running.supervisor, nullptr, WNOHANG) == running.supervisor;
  }

  bool collect(Execution& execution) {
    bool any = false;
    for (std::size_t i = 0; i < running_.size();) {
      if (!has_ended(execution, running_[i])) {
        ++i;
        continue;
      }
      const Running ended = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      give_back(ended);
      execution.schedule.finished(ended.task->key, outcome_of(execution.paths, ended.task->key));
      execution.on_change();
      any = true;
    }
    return any;
  }

  Options options_;
  std::int64_t free_cores_;
  std::vector<std::int64_t> free_gpus_;
  std::vector<std::string> visible_gpus_;  // as CUDA names them
  std::vector<Running> running_;
};

}  // namespace

std::unique_ptr<Executor> make(config::Section section) {
  return std::make_unique<Local>(read(std::move(section)));
}

}  // namespace lethe::campaign::local_entry
