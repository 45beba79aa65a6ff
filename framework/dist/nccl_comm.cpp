#include "framework/dist/nccl_comm.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "framework/base/error.h"

namespace lethe::dist {
namespace {

constexpr std::chrono::milliseconds kAbortPatience{100};
// Most calls are over within microseconds; a nap takes 50 of them and more.
constexpr int kLooksBeforeNap = 200;

}  // namespace

void Nap::take() {
  if (looks_++ < kLooksBeforeNap) return std::this_thread::yield();
  std::this_thread::sleep_for(length_);
  length_ = std::min(2 * length_, kLongestNap);
}

void fail_lost(const Watchdog& watchdog, const Call& call, ncclResult_t code) {
  fail("peer.lost",
       fmt::format("{}: {} failed (NCCL: {})", watchdog.who(), describe(call.what()),
                   ncclGetErrorString(code)),
       "look at the last message of the other ranks; NCCL_DEBUG=WARN says more");
}

Comm::Comm(ncclComm_t owned) : comm_(owned) {
  const std::lock_guard lock(registry_mutex());
  registry().push_back(this);
}

Comm::~Comm() {
  {
    const std::lock_guard lock(registry_mutex());
    std::erase(registry(), this);
  }
  const std::lock_guard lock(mutex_);
  if (aborted_) return;
  // Destroying waits for the others; on the way out of an exception they may never come.
  if (std::uncaught_exceptions() > 0)
    ncclCommAbort(comm_);
  else
    ncclCommDestroy(comm_);
}

ncclResult_t Comm::state() {
  ncclResult_t code = ncclSuccess;
  const ncclResult_t asked = alone([&](ncclComm_t comm) { return ncclCommGetAsyncError(comm, &code); });
  return asked == ncclSuccess ? code : asked;
}

ncclResult_t Comm::outcome(ncclResult_t code) {
  for (Nap nap; code == ncclInProgress; code = state()) nap.take();
  return code;
}

void Comm::settle(ncclResult_t code, const Watchdog& watchdog, const Call& call) {
  code = outcome(code);
  if (code != ncclSuccess) fail_lost(watchdog, call, code);
}

void Comm::abort_all() noexcept {
  const std::lock_guard lock(registry_mutex());
  for (Comm* const comm : registry()) {
    const std::unique_lock one(comm->mutex_, kAbortPatience);
    if (!one.owns_lock() || std::exchange(comm->aborted_, true)) continue;
    ncclCommAbort(comm->comm_);
  }
}

std::mutex& Comm::registry_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::vector<Comm*>& Comm::registry() {
  static std::vector<Comm*> comms;
  return comms;
}

void Comm::stay_if_aborted() const {
  while (aborted_) std::this_thread::sleep_for(std::chrono::seconds(1));
}

}  // namespace lethe::dist
