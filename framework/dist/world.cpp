#include "framework/dist/world.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <thread>

#include "framework/base/error.h"
#include "framework/dist/launcher.h"
#include "framework/dist/mpi_group.h"
#include "framework/dist/mpi_handles.h"
#include "framework/dist/roll_call.h"
#include "framework/dist/verdict.h"

namespace lethe::dist {
namespace {

constexpr double kDeadlineSeconds = 60;
constexpr int kPeerExitCode = 76;
constexpr double kAnswerSeconds = 1.5;
// MPI_Abort talks to the launcher; if that hangs, this process ends by itself, which the launcher notices
// too.
constexpr std::chrono::seconds kAbortPatience{5};
constexpr std::chrono::milliseconds kNcclPatience{500};  // NCCL's own abort may wait for a GPU that hangs

std::atomic<void (*)() noexcept> abort_of_communicators{nullptr};

std::function<void(const Error&)>& lost_job_speaker() {
  static std::function<void(const Error&)> say = [](const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  };
  return say;
}

bool mpi_is_running() {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  return initialized && !finalized;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

void refuse_if_mute(const Launcher& launcher) {
  if (launcher.speaks_mpi) return;
  fail("dist.launcher",
       fmt::format("{} started {} tasks, but gave MPI no way to find them", launcher.name, *launcher.ranks),
       "use `srun --mpi=pmix` (or `--mpi=pmi2`), or mpirun");
}

void start_mpi() {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided);
  if (provided == MPI_THREAD_MULTIPLE) return;
  fail("dist.threads",
       fmt::format("this MPI gives thread level {}, lethe needs MPI_THREAD_MULTIPLE ({})", provided,
                   MPI_THREAD_MULTIPLE),
       "use an MPI that was built with thread support");
}

void find_place(RankInfo& info) {
  MPI_Comm_rank(MPI_COMM_WORLD, &info.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &info.size);
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, info.rank, MPI_INFO_NULL, &host);
  MPI_Comm_rank(host, &info.local_rank);
  MPI_Comm_size(host, &info.local_size);
  MPI_Comm_free(&host);
}

// For the script that started this job (launchers/mpi): its mpirun sometimes crashes while it ends an aborted
// job, and then the code is lost. The first rank's word counts.
void leave_exit_code(int exit_code) noexcept {
  const char* const path = std::getenv("LETHE_EXIT_CODE_FILE");
  if (path == nullptr) return;
  std::FILE* const file = std::fopen(path, "a");
  if (file == nullptr) return;
  std::fprintf(file, "%d\n", exit_code);
  std::fclose(file);
}

// What other ranks' GPUs wait for in this rank's communicators is given up, and their shared memory is freed.
void abort_communicators() {
  void (*const abort)() noexcept = abort_of_communicators;
  if (abort == nullptr) return;
  auto over = std::make_shared<std::promise<void>>();
  const std::future<void> aborted = over->get_future();
  std::thread([over, abort] {
    abort();
    over->set_value();
  }).detach();
  (void)aborted.wait_for(kNcclPatience);
}

void check_size(const Launcher& launcher, int size) {
  if (launcher.ranks.value_or(size) == size) return;
  fail("dist.launcher",
       fmt::format("{} started {} ranks, but MPI sees {}", launcher.name, *launcher.ranks, size),
       "start lethe with the mpirun of the MPI that it was built with");
}

}  // namespace

// Asks the others first, so that the message names who did not come. An own verdict where that tells nothing.
void World::end_hung_job(const Error& own_verdict) {
  const RankStatus mine{.who = watchdog_->who(), .answers = true, .collective = watchdog_->present()};
  if (!mine.running()) end_lost_job(own_verdict);
  end_lost_job(merged_verdict(watchdog_->deadline_seconds(), mine, roll_call_->ask(mine, kAnswerSeconds)));
}

World::World() : exceptions_at_start_(std::uncaught_exceptions()) {
  info_.host = host_name();
  const std::optional<Launcher> launcher = find_launcher();
  if (!launcher) {
    group_ = make_single_group();
    return;
  }
  refuse_if_mute(*launcher);
  start_mpi();
  find_place(info_);
  check_size(*launcher, info_.size);
  const std::string who = fmt::format("rank {} ({}, pid {})", info_.rank, info_.host, getpid());
  roll_call_ = std::make_unique<RollCall>(who);
  watchdog_ = std::make_shared<Watchdog>(who, kDeadlineSeconds,
                                         [this](const Error& verdict) { end_hung_job(verdict); });
  watchdog_->set_tick([this] {
    roll_call_->answer({.who = watchdog_->who(), .answers = true, .collective = watchdog_->present()});
  });
  group_ = make_mpi_world_group(watchdog_);
}

World::~World() {
  const bool clean = std::uncaught_exceptions() == exceptions_at_start_;
  group_.reset();
  if (watchdog_) watchdog_->stop();  // its thread speaks MPI
  if (clean && mpi_is_running()) MPI_Finalize();
}

void before_abort(void (*abort)() noexcept) noexcept { abort_of_communicators = abort; }

void abort_all_ranks(int exit_code) noexcept {
  std::fflush(nullptr);
  leave_exit_code(exit_code);
  if (!mpi_is_running()) std::_Exit(exit_code);
  try {
    std::thread([exit_code] {
      std::this_thread::sleep_for(kAbortPatience);
      std::_Exit(exit_code);
    }).detach();
    abort_communicators();
  } catch (...) {  // no thread to be had: MPI_Abort alone must do
  }
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

void say_lost_job_with(std::function<void(const Error&)> say) { lost_job_speaker() = std::move(say); }

void end_lost_job(const Error& error) noexcept {
  try {
    lost_job_speaker()(error);
  } catch (...) {  // no memory for a message: the job ends all the same
  }
  abort_all_ranks(kPeerExitCode);
}

}  // namespace lethe::dist
