// What NPO and DPO share: sequence log-ratios against the frozen model, and the preference loss.
#pragma once

#include "framework/objectives/objective.h"

namespace lethe::objectives {

// log(pi / pi_ref) of each sample's answer: [samples].
[[nodiscard]] at::Tensor log_ratio(const RoleTokens& role);
// -(2/beta) log sigmoid(beta * margin), summed over samples.
[[nodiscard]] at::Tensor preference_loss(double beta, const at::Tensor& margin);

}  // namespace lethe::objectives
