#include "framework/base/wait_clock.h"

#include <utility>

namespace lethe::base {
namespace {

using Clock = std::chrono::steady_clock;
thread_local WaitSeconds waited{};

}  // namespace

WaitSeconds take_waits() noexcept { return std::exchange(waited, {}); }

WaitScope::WaitScope(Wait which) noexcept : which_(which), start_(Clock::now()) {}
WaitScope::~WaitScope() {
  waited[static_cast<std::size_t>(which_)] += std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace lethe::base
