// The section `eval` of a run's configuration, and what can be known of its metrics before anything is
// trained or measured. Internal to run/.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "framework/run/run_config.h"

namespace lethe::run {

inline constexpr const char* kModelSet = "model";  // of the records that hold numbers of the whole model

[[nodiscard]] EvalOptions read_eval(config::Section section);
// Runs `use` of a formula: what it finds wrong is said with the place of `key`.
void use_formula(const config::Section& section, const char* key, const std::function<void()>& use);
// What formulas and checkpoint.keep_best may name: the suite's metrics, or those of the plain one.
[[nodiscard]] std::vector<std::string> measured_names(const RunConfig& config);
// Sets that the command (train, score, eval) generates answers for.
[[nodiscard]] std::set<std::string> generated_sets(const RunConfig& config, const std::string& command);
// Errors: config.conflict for a metric of a set that there is not.
void check_suite_sets(const config::Section& eval, const RunConfig& config);

}  // namespace lethe::run
