// Which rank the others wait for: seconds of each rank in each phase of the updates, recorded at the end and
// with each checkpoint.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/wait_clock.h"
#include "framework/run/run_output.h"

namespace lethe::run {

enum class Phase : std::uint8_t { gradient, update, wait_weights, wait_gradients };
inline constexpr std::size_t kPhases = 4;
[[nodiscard]] std::string_view name_of(Phase phase);

using PhaseSeconds = std::array<double, kPhases>;  // of one rank

struct Straggler {
  std::size_t rank = 0;
  Phase phase = Phase::gradient;
  double seconds = 0, median = 0;
};
// The rank and phase of work (not of waiting) that lies furthest above the ranks' median, if by a fifth and a
// twentieth of the median rank's whole time. Nothing in a world of one, or before
// that rank has worked for 5 s.
[[nodiscard]] std::optional<Straggler> find_straggler(const std::vector<PhaseSeconds>& by_rank);

class PhaseClock {
 public:
  // Of one update: its whole gradient (waits of this thread and its GPU included, which are taken off) and
  // its optimizer. A GPU does the optimizer's arithmetic while the next gradient is begun, and there it
  // counts.
  void add(double gradient_seconds, double update_seconds, const base::WaitSeconds& waits);
  // Collective: a record for each rank, and a warning that names a straggler.
  void record(std::int64_t step, dist::ProcessGroup& world, RunOutput& output) const;

 private:
  PhaseSeconds seconds_{};
};

}  // namespace lethe::run
