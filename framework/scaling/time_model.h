// How long an update takes on N ranks, as a sum of three things that N changes differently:
//
//   seconds(N) = serial + shared / N + exchange · log2(N)
//
// `shared` is what ranks divide among themselves (Amdahl 1967: what remains, `serial`, bounds the speed-up),
// `exchange` is what their number adds (a tree of messages). With the same work for each rank (weak scaling,
// Gustafson 1988) nothing is shared out, so shared = 0.
#pragma once

#include <span>

namespace lethe::scaling {

struct Timing {
  int ranks = 1;
  double seconds = 0;  // of an update
};

enum class Kind { strong, weak };

struct TimeModel {
  double serial = 0, shared = 0, exchange = 0;  // seconds, never negative
  double worst_error = 0;  // largest |fit / measured − 1|; 0 where as many terms as timings

  [[nodiscard]] double seconds(int ranks) const;
};

// Least squares of relative errors under terms >= 0, with as many terms as there are different worlds (serial
// and shared, then exchange; weak: serial, then exchange). `timings` is not empty, seconds are positive.
[[nodiscard]] TimeModel fit(Kind kind, std::span<const Timing> timings);

}  // namespace lethe::scaling
