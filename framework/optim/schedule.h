// The learning rate as a pure function of the step.
#pragma once

#include <cstdint>
#include <string>

#include "framework/config/section.h"

namespace lethe::optim {

struct ScheduleOptions {
  std::string kind = "constant";  // constant, linear (to zero), cosine (to zero)
  std::int64_t warmup_steps = 0;
};
[[nodiscard]] ScheduleOptions read_schedule(config::Section parent);

// Factor of the peak rate at update `step` (0-based) of `total`. In the warm-up (step + 1) / (warmup + 1), so
// that the first update is not wasted on a rate of zero (transformers' linear schedule begins there).
[[nodiscard]] double schedule_factor(const ScheduleOptions& options, std::int64_t step, std::int64_t total);

}  // namespace lethe::optim
