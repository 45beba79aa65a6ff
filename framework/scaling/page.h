// What a scaling study found: for the terminal, for programs, and as one self-contained page.
#pragma once

#include <span>
#include <string>

#include "framework/scaling/study.h"

namespace lethe::scaling {

// Worlds that were not measured, to predict: the next two doublings of the largest one. None where one world
// was measured: how time changes with ranks is not known from it.
[[nodiscard]] std::vector<int> predicted_worlds(const Scaling& study);

// `cores`: of the machine; worlds that are wider are marked, for their ranks take turns.
[[nodiscard]] std::string scaling_text(std::span<const Scaling> studies, int cores);
// kind,ranks,seconds,tokens_per_second,efficiency,peak_bytes,measured: predicted rows have no tokens and no
// bytes.
[[nodiscard]] std::string scaling_csv(std::span<const Scaling> studies);
// Without `model` and `predicted` where nothing is predicted.
[[nodiscard]] std::string scaling_json(std::span<const Scaling> studies);
[[nodiscard]] std::string scaling_page(std::span<const Scaling> studies, int cores);

}  // namespace lethe::scaling
