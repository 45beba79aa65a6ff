// Start-up and end of a rank: MPI_Init, who am I, and taking all ranks down when one fails.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "framework/dist/process_group.h"
#include "framework/dist/watchdog.h"

namespace lethe::dist {

class RollCall;

struct RankInfo {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;  // among the ranks of this host (MPI_Comm_split_type)
  std::string host;
};

// Owns MPI's life. Without a launcher (no mpirun/srun environment) the world is one rank and MPI is not
// started. One per process; its destructor finalizes, unless an exception is on its way out: then the other
// ranks may never come, and the caller ends the job with abort_all_ranks. Errors: `dist.launcher` (the
// launcher started several ranks, but MPI cannot see them), `dist.threads` (an MPI without
// MPI_THREAD_MULTIPLE).
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const RankInfo& info() const noexcept { return info_; }
  ProcessGroup& group() noexcept { return *group_; }
  // Nothing when MPI is not started: a world of one waits for nobody.
  Watchdog* watchdog() noexcept { return watchdog_.get(); }
  const std::shared_ptr<Watchdog>& shared_watchdog() const noexcept { return watchdog_; }

 private:
  void end_hung_job(const Error& own_verdict);
  RankInfo info_;
  int exceptions_at_start_;
  std::unique_ptr<RollCall> roll_call_;  // before the watchdog, whose thread uses it
  std::shared_ptr<Watchdog> watchdog_;
  std::unique_ptr<ProcessGroup> group_;
};

// What abort_all_ranks calls first on this rank, and gives half a second: it may block.
void before_abort(void (*abort)() noexcept) noexcept;

// Ends every rank of the job, now, with this exit code. Safe to call at any time, from any thread; does not
// return.
[[noreturn]] void abort_all_ranks(int exit_code) noexcept;

// As above with exit code 76, after saying the error: another rank is lost.
[[noreturn]] void end_lost_job(const Error& error) noexcept;

// How end_lost_job says it, on whatever thread; by itself it prints the message to stderr. Set before a
// deadline can expire.
void say_lost_job_with(std::function<void(const Error&)> say);

}  // namespace lethe::dist
