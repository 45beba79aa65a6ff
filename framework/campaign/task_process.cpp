#include "framework/campaign/task_process.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/campaign/task_result.h"

namespace lethe::campaign {
namespace {

constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGUSR1};

// What the signal handler of a supervisor needs; set before its signals are let in.
volatile sig_atomic_t program_pid = 0, stops_asked = 0;

// A first signal lets the program save its state, a second one ends it.
void hand_on(int) {
  const int saved_errno = errno;
  stops_asked = stops_asked + 1;
  if (program_pid > 0) ::kill(static_cast<pid_t>(program_pid), stops_asked == 1 ? SIGUSR1 : SIGTERM);
  errno = saved_errno;
}

// The lock's descriptor, or -1 if another process has it. Without O_CLOEXEC: the program inherits it, so the
// task counts as running until the last process of it is gone. Somebody who only looks (is_task_running)
// holds it for a moment.
int take_lock(const std::filesystem::path& file) {
  constexpr int kLooks = 10;
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT, 0666);
  if (fd < 0) base::fail_write(file, errno);
  for (int look = 0; look < kLooks; ++look) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::close(fd);
  return -1;
}

// In ticks since the machine started: with the process id it names a process for good. Empty where there is
// none.
std::string start_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');  // the name before it may hold anything
  if (name_end == std::string::npos) return "";
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  constexpr int kStartAfterName = 20;
  for (int i = 0; i < kStartAfterName; ++i) fields >> field;
  return field;
}

// "PID START GPU GPU …"
void sign_lock(int lock, const TaskLaunch& launch) {
  std::string text = fmt::format("{} {}", ::getpid(), start_of(::getpid()));
  for (const std::int64_t gpu : launch.gpus) text += fmt::format(" {}", gpu);
  // Only a courtesy to later drivers: the kernel's lock is what counts.
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, text.data(), text.size(), 0) < 0) errno = 0;
}

// OpenMPI's folder for one job. Jobs that share one trip over each other: the end of one removes the folder
// that another is about to use.
class SessionFolder {
 public:
  explicit SessionFolder(const std::string& key)
      : path_(std::filesystem::temp_directory_path() / fmt::format("lethe-{}-{}", key, ::getpid())) {}
  ~SessionFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  SessionFolder(const SessionFolder&) = delete;
  SessionFolder& operator=(const SessionFolder&) = delete;
  const std::string& path() const { return path_.native(); }

 private:
  std::filesystem::path path_;
};

// A supervisor outlives its driver, so it must not keep what the driver holds: its lock, its index.
void close_all_but(int kept) {
  if (kept > 3) ::close_range(3, static_cast<unsigned>(kept) - 1, 0);
  ::close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
}

void send_output_to(const std::filesystem::path& log) {
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), in = ::open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0) ::_exit(74);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
}

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : kStopSignals) ::sigaddset(&set, number);
  return set;
}

// In the forked child; does not return.
[[noreturn]] void become_program(const TaskLaunch& launch, const std::filesystem::path& log,
                                 const SessionFolder& session) {
  for (const int number : kStopSignals) ::signal(number, SIG_DFL);
  const sigset_t stops = stop_signals();
  ::sigprocmask(SIG_UNBLOCK, &stops, nullptr);
  send_output_to(log);
  ::setenv("OMPI_MCA_orte_tmpdir_base", session.path().c_str(), 0);
  for (const auto& [name, value] : launch.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : launch.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words.front(), words.data());
  ::dprintf(2, "error[os]: cannot start %s: errno %d\n", words.front(), errno);
  ::_exit(71);
}

int exit_code_of_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_code_of_status(status);
}

// Signals wait until the program's process id is known to their handler.
int start_and_wait(const TaskLaunch& launch, const std::filesystem::path& log) {
  const sigset_t stops = stop_signals();
  ::sigprocmask(SIG_BLOCK, &stops, nullptr);
  const SessionFolder session(launch.key);
  program_pid = 0;
  stops_asked = 0;
  const pid_t pid = ::fork();
  if (pid < 0) return 71;
  if (pid == 0) become_program(launch, log, session);
  program_pid = pid;
  struct sigaction action {};
  action.sa_handler = hand_on;
  for (const int number : kStopSignals) ::sigaction(number, &action, nullptr);
  ::sigprocmask(SIG_UNBLOCK, &stops, nullptr);
  const int code = wait_for(pid);
  program_pid = 0;
  return code;
}

// Runs the program and writes its result; the exit code that the result holds.
int supervise(const CampaignPaths& paths, const TaskLaunch& launch) {
  const auto start = std::chrono::steady_clock::now();
  const auto log = paths.log(launch.key);
  TaskResult result{.exit_code = start_and_wait(launch, log), .attempt = launch.attempt};
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (stops_asked > 0 && result.exit_code != 0) result.exit_code = 75;
  if (result.exit_code != 0) result.error = error_in_log(log);
  if (result.exit_code >= 128 && result.error.find("error[") == std::string::npos)
    result.error = fmt::format("ended by signal {}", result.exit_code - 128);
  write_result(paths.result(launch.key), result);
  return result.exit_code;
}

}  // namespace

std::optional<pid_t> start_task(const CampaignPaths& paths, const TaskLaunch& launch) {
  const int lock = take_lock(paths.lock(launch.key));
  if (lock < 0) return std::nullopt;
  if (earlier_success(paths, launch.key)) {  // ended between the driver's last look and now
    ::close(lock);
    return std::nullopt;
  }
  std::filesystem::remove(paths.result(launch.key));  // an earlier attempt's must not be taken for this one's
  // A stop that comes before the supervisor listens waits for it.
  const sigset_t stops = stop_signals();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &stops, &before);
  const pid_t pid = ::fork();
  if (pid != 0) ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) fail("os", fmt::format("cannot fork: errno {}", errno));
  if (pid > 0) {
    ::close(lock);  // the supervisor's copy keeps it
    return pid;
  }
  ::setpgid(0, 0);
  close_all_but(lock);
  sign_lock(lock, launch);
  int code = 74;
  try {
    code = supervise(paths, launch);
  } catch (const std::exception& e) {
    ::dprintf(2, "%s\n", e.what());  // the result could not be written; the driver finds none
  }
  ::_exit(code);
}

int run_task(const CampaignPaths& paths, const TaskLaunch& launch) {
  const int lock = take_lock(paths.lock(launch.key));
  if (lock < 0)
    fail("out.locked", fmt::format("{} is running already: {}", launch.key, paths.lock(launch.key).string()),
         "wait for it, or stop it");
  if (earlier_success(paths, launch.key)) {
    ::close(lock);
    return 0;
  }
  std::filesystem::remove(paths.result(launch.key));
  sign_lock(lock, launch);
  const int code = supervise(paths, launch);
  ::close(lock);
  return code;
}

void stop_task(pid_t supervisor) { ::kill(supervisor, SIGTERM); }

bool is_task_running(const CampaignPaths& paths, const std::string& key) {
  const int fd = ::open(paths.lock(key).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  return !is_free;
}

std::optional<TaskHolder> holder_of(const CampaignPaths& paths, const std::string& key) {
  if (!is_task_running(paths, key)) return std::nullopt;
  std::ifstream file(paths.lock(key));
  TaskHolder holder;
  std::string start;
  if (!(file >> holder.supervisor >> start) || start_of(holder.supervisor) != start) return std::nullopt;
  for (std::int64_t gpu = 0; file >> gpu;) holder.gpus.push_back(gpu);
  return holder;
}

}  // namespace lethe::campaign
