// The configuration of one command, with what only that command refuses.
#pragma once

#include <string>

#include "framework/run/run_config.h"

namespace lethe::run {

// read_run_config(), and for `train` what would leave its updates nothing to do: scoring and evaluating draw
// no batches. Errors: those of read_run_config(); config.conflict.
[[nodiscard]] RunConfig read_config_of(config::Section root, const std::string& command);

// Whether batches hold samples of the set, themselves or by their other answers.
[[nodiscard]] bool reads_forget(const RunConfig& config);
[[nodiscard]] bool reads_retain(const RunConfig& config);
// The same, and updates draw from the forget set.
[[nodiscard]] bool draws_forget_samples(const RunConfig& config);

}  // namespace lethe::run
