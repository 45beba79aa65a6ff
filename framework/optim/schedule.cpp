#include "framework/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lethe::optim {

ScheduleOptions read_schedule(config::Section parent) {
  ScheduleOptions o;
  config::Section section = parent.section("schedule", "how the learning rate moves over the run");
  section
      .choice("kind", o.kind, {"constant", "linear", "cosine"},
              "shape after the warm-up; linear and cosine end at zero")
      .optional("warmup_steps", o.warmup_steps, "updates in which the rate rises to its peak",
                config::at_least(0));
  section.reject_unknown();
  return o;
}

double schedule_factor(const ScheduleOptions& options, std::int64_t step, std::int64_t total) {
  if (step < options.warmup_steps)
    return static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps + 1);
  if (options.kind == "constant") return 1;
  const double length = static_cast<double>(std::max<std::int64_t>(total - options.warmup_steps, 1));
  const double done = std::clamp(static_cast<double>(step - options.warmup_steps) / length, 0.0, 1.0);
  return options.kind == "linear" ? 1 - done : 0.5 * (1 + std::cos(std::numbers::pi * done));
}

}  // namespace lethe::optim
