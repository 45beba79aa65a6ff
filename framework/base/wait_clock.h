// How long this thread stood waiting for other ranks, by what for: the difference between a rank that is slow
// and one that waits for it. Always on: it costs two readings of the clock a wait.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace lethe::base {

enum class Wait : std::uint8_t {
  weights,    // a block's gather
  gradients,  // a free gradient buffer, the last reductions, the sum over replicas
};
inline constexpr std::size_t kWaits = 2;

// Seconds by Wait, of the calling thread since it last took them.
using WaitSeconds = std::array<double, kWaits>;
[[nodiscard]] WaitSeconds take_waits() noexcept;

// A wait from construction to destruction.
class WaitScope {
 public:
  explicit WaitScope(Wait which) noexcept;
  ~WaitScope();
  WaitScope(const WaitScope&) = delete;
  WaitScope& operator=(const WaitScope&) = delete;

 private:
  Wait which_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace lethe::base
