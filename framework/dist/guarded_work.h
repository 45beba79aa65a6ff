// Inside the kinds of streams: runs a stream's work and keeps its first exception.
#pragma once

#include <exception>

namespace lethe::dist {

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
      failure_ = std::current_exception();
    }
  }
  const std::exception_ptr& failure() const noexcept { return failure_; }

 private:
  std::exception_ptr failure_;
};

}  // namespace lethe::dist
