// How far hidden states are from a target, as representation-level methods measure it.
#pragma once

#include "framework/objectives/objective.h"

namespace lethe::objectives {

// Mean over samples of the mean over a sample's rows of (1/width) |tap - target|^2. target [width] or [rows,
// width]. broadcast: OpenUnlearning's mean(S) * mean(1/n), with S the sum over a sample's n rows; the two
// agree for one sample, or where all have the same number of rows.
[[nodiscard]] Term tap_distance(std::string name, double weight, const MicroBatch& batch, Role role,
                                const at::Tensor& target, bool broadcast);

// The role rides along, its hidden states read at its answer's own tokens.
void need_tap(Needs& needs, Role role, std::int64_t layer, bool reference);

}  // namespace lethe::objectives
