#include "framework/ops/others_cross_entropy.h"

#include <ATen/ATen.h>

#include <limits>

namespace lethe::ops {

at::Tensor beliefs_about_others(const at::Tensor& teacher, const at::Tensor& targets) {
  return at::softmax(teacher.scatter(1, targets.unsqueeze(1), -std::numeric_limits<double>::infinity()), 1);
}

at::Tensor others_cross_entropy(const at::Tensor& logits, const at::Tensor& teacher,
                                const at::Tensor& targets) {
  at::Tensor beliefs = beliefs_about_others(teacher, targets);
  return -beliefs.mul_(at::log_softmax(logits, 1)).sum(1);
}

void add_others_cross_entropy_backward(const at::Tensor& logits, const at::Tensor& teacher,
                                       const at::Tensor& targets, const at::Tensor& upstream,
                                       at::Tensor& grad) {
  const at::Tensor beliefs = beliefs_about_others(teacher, targets);
  grad.addcmul_(at::softmax(logits, 1).sub_(beliefs), upstream.unsqueeze(1));
}

}  // namespace lethe::ops
