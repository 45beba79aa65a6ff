// Inside the kinds of streams: runs a stream's work and keeps its first exception.
#pragma once

#include <exception>
#include <optional>

#include "framework/base/memory_counter.h"

namespace lethe::dist {

// An exception on its way from the thread of the work to one that waits for it, with what memory was asked
// for there.
class WorkFailure {
 public:
  WorkFailure() = default;
  // Of the exception that is being handled.
  static WorkFailure current() noexcept {
    WorkFailure failure;
    failure.exception_ = std::current_exception();
    failure.memory_ = base::MemoryScope::noted();
    return failure;
  }
  explicit operator bool() const noexcept { return exception_ != nullptr; }
  // Nothing where there is none.
  void rethrow() const {
    if (!exception_) return;
    if (memory_) base::MemoryScope::take_over(*memory_);
    std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
  std::optional<base::MemoryScope::Failure> memory_;
};

// After the first exception the rest of the work is passed over: it would run on what the failed work left
// behind.
class GuardedWork {
 public:
  template <class Work>
  void run(const Work& work) noexcept {
    if (failure_) return;
    try {
      work();
    } catch (...) {
      failure_ = WorkFailure::current();
    }
  }
  const WorkFailure& failure() const noexcept { return failure_; }

 private:
  WorkFailure failure_;
};

}  // namespace lethe::dist
