// By what settings scores were made: those in a checkpoint serve a resume that asks for the same.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/run/run_config.h"

namespace lethe::run {

[[nodiscard]] const char* mode_name(scoring::Mode mode);

// `mean_abs` is another quantity than the others estimate.
[[nodiscard]] bool is_mrd(const std::string& estimator);

// What an estimator ("mean_abs eps 1e-06") estimates: the same text for the same quantity.
[[nodiscard]] std::string quantity_of(const std::string& estimator);

// For a checkpoint.
[[nodiscard]] nlohmann::json score_source(const RunConfig& config);

// What keeps the scores of a checkpoint from being those that the configuration asks for: "score.mode was
// mean and is sum"; empty where nothing does. Nothing is known of a checkpoint without a source: it is
// trusted.
[[nodiscard]] std::string difference(const nlohmann::json& saved, const RunConfig& config);

}  // namespace lethe::run
