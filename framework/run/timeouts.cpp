#include "framework/run/timeouts.h"

#include <fmt/format.h>

namespace lethe::run {

TimeoutOptions read_timeouts(config::Section section) {
  TimeoutOptions o;
  section
      .optional("step_seconds", o.step_seconds,
                "that a collective of an update may take, and of `lethe score` and `lethe eval`",
                config::at_least(1))
      .optional("checkpoint_seconds", o.checkpoint_seconds,
                "that ranks wait for one another while one is written", config::at_least(1))
      .optional("init_seconds", o.init_seconds,
                "that ranks wait for one another before the first update, or before the first sample of "
                "`lethe score` and `lethe eval`",
                config::at_least(1));
  section.reject_unknown();
  if (o.step_seconds >= o.checkpoint_seconds || o.checkpoint_seconds >= o.init_seconds) {
    section.refuse("", "config.timeouts",
                   fmt::format("step < checkpoint < init is required, got {}, {} and {}", o.step_seconds,
                               o.checkpoint_seconds, o.init_seconds),
                   "a rank that writes, or still reads the model, is not to be taken for one that hangs");
  }
  return o;
}

DeadlineScope::DeadlineScope(dist::World& world, std::int64_t seconds) : watchdog_(world.watchdog()) {
  if (!watchdog_) return;
  before_ = watchdog_->deadline_seconds();
  watchdog_->set_deadline_seconds(static_cast<double>(seconds));
}

DeadlineScope::~DeadlineScope() {
  if (watchdog_) watchdog_->set_deadline_seconds(before_);
}

}  // namespace lethe::run
