// A micro-batch of two forget and two retain samples with given log-probabilities, float64.
#pragma once

#include <ATen/ATen.h>

#include "framework/config/document.h"
#include "framework/objectives/objective.h"

namespace lethe::objectives {

struct SmallBatch {
  at::Tensor forget = at::tensor({-0.5, -1.0, -2.0, -0.25, -0.125}, at::kDouble).requires_grad_(true);
  at::Tensor retain = at::tensor({-0.75, -1.5, -0.5}, at::kDouble).requires_grad_(true);
  MicroBatch batch() const {
    MicroBatch b;
    b[Role::forget] = {.offsets = {0, 3, 5},
                       .statistics = {forget},
                       .reference_log_prob = at::tensor({-0.25, -0.5, -1.0, -0.5, -0.5}, at::kDouble)};
    b[Role::retain] = {.offsets = {0, 1, 3}, .statistics = {retain}};
    return b;
  }
};

inline std::unique_ptr<Objective> objective_named(const std::string& yaml) {
  config::Section root = config::parse("objective: " + yaml);
  std::string name;
  return make_objective(root, name);
}

}  // namespace lethe::objectives
