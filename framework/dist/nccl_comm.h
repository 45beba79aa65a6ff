// A communicator of NCCL with an owner, and its codes as errors. Only for .cpp files of this part: it
// includes NCCL's headers.
#pragma once

#include <nccl.h>

#include <chrono>
#include <mutex>
#include <vector>

#include "framework/dist/watchdog.h"

namespace lethe::dist {

using Call = Watchdog::Watched;

inline constexpr std::chrono::microseconds kLongestNap{1000};

// Looks again at once for a while, then sleeps a little longer each time, kLongestNap at most.
class Nap {
 public:
  void take();

 private:
  int looks_ = 0;
  std::chrono::microseconds length_{20};
};

// Throws peer.lost.
[[noreturn]] void fail_lost(const Watchdog& watchdog, const Call& call, ncclResult_t code);

// A non-blocking communicator. Only one thread at a time may be in a call on one: asking for its state is no
// reading, it joins and frees what the last call left behind.
class Comm {
 public:
  explicit Comm(ncclComm_t owned);
  ~Comm();
  Comm(const Comm&) = delete;
  Comm& operator=(const Comm&) = delete;

  // call(ncclComm_t) -> ncclResult_t, alone.
  template <class Function>
  ncclResult_t alone(const Function& call) {
    const std::lock_guard lock(mutex_);
    stay_if_aborted();
    return call(comm_);
  }
  // How the last call went, or what went wrong since.
  ncclResult_t state();
  // Waits until a call that returned `code` is over, and gives what became of it.
  ncclResult_t outcome(ncclResult_t code);
  // The same. Throws peer.lost.
  void settle(ncclResult_t code, const Watchdog& watchdog, const Call& call);

  // Each one of this process that no thread is inside of: the others are left to the end of the process.
  static void abort_all() noexcept;

 private:
  static std::mutex& registry_mutex();
  static std::vector<Comm*>& registry();
  // The process is about to end with another thread's verdict and exit code: nothing may end it with others.
  void stay_if_aborted() const;

  ncclComm_t comm_;
  std::timed_mutex mutex_;
  bool aborted_ = false;
};

}  // namespace lethe::dist
