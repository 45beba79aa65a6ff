// How long ranks wait for one another before they are taken for hung. A collective of a step is short, and
// one of a scoring or an evaluation waits for a pack of another rank at most; one that waits for a
// checkpoint, or for the slowest rank to read its part of the model, may be long.
#pragma once

#include "framework/config/section.h"
#include "framework/dist/world.h"

namespace lethe::run {

struct TimeoutOptions {
  std::int64_t step_seconds = 300, checkpoint_seconds = 900, init_seconds = 1800;
};

// Errors: config.timeouts unless step < checkpoint < init.
[[nodiscard]] TimeoutOptions read_timeouts(config::Section section);

// The deadline of every collective while it lives; the one before it comes back at its end. A world of one
// has none.
class DeadlineScope {
 public:
  DeadlineScope(dist::World& world, std::int64_t seconds);
  ~DeadlineScope();
  DeadlineScope(const DeadlineScope&) = delete;
  DeadlineScope& operator=(const DeadlineScope&) = delete;

 private:
  dist::Watchdog* watchdog_;
  double before_ = 0;  // seconds
};

}  // namespace lethe::run
