#include "framework/objectives/preference.h"

#include <ATen/ATen.h>

namespace lethe::objectives {

at::Tensor log_ratio(const RoleTokens& role) {
  return sum_by_sample(role.log_prob() - role.reference_log_prob, role.offsets);
}

at::Tensor preference_loss(double beta, const at::Tensor& margin) {
  return (-2.0 / beta) * at::log_sigmoid(beta * margin).sum();
}

}  // namespace lethe::objectives
