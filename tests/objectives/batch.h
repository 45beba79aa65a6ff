// Micro-batches with given numbers, float64: hand-made ones, and one that brings whatever an objective needs.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "framework/config/document.h"
#include "framework/objectives/objective.h"

namespace lethe::objectives {

struct SmallBatch {
  at::Tensor forget = at::tensor({-0.5, -1.0, -2.0, -0.25, -0.125}, at::kDouble).requires_grad_(true);
  at::Tensor retain = at::tensor({-0.75, -1.5, -0.5}, at::kDouble).requires_grad_(true);
  MicroBatch batch() const {
    MicroBatch b;
    b[Role::forget] = {.offsets = {0, 3, 5},
                       .statistics = {{"log_prob", forget}},
                       .reference_log_prob = at::tensor({-0.25, -0.5, -1.0, -0.5, -0.5}, at::kDouble)};
    b[Role::retain] = {.offsets = {0, 1, 3}, .statistics = {{"log_prob", retain}}};
    return b;
  }
};

inline std::unique_ptr<Objective> objective_named(const std::string& yaml) {
  config::Section root = config::parse("objective: " + yaml);
  std::string name;
  return make_objective(root, name);
}

// Values that look like every statistic (log-probabilities are negative) for two samples of every role that
// the objective reads; a function of `seed`.
inline MicroBatch batch_for(const Needs& needs, std::uint64_t seed = 3) {
  const auto generator = at::detail::createCPUGenerator(seed);
  const auto values = [&](at::IntArrayRef shape) { return at::rand(shape, generator, at::kDouble) + 0.1; };
  MicroBatch batch;
  for (int r = 0; r < kNumRoles; ++r) {
    const RoleNeeds& wants = needs.roles[r];
    if (!wants.present) continue;
    RoleTokens& role = batch.roles[r];
    role.offsets = {0, 3, 5};
    for (const std::string& name : wants.statistics)
      role.statistics[name] = name.ends_with("log_prob") ? -values({5}) : values({5});
    role.constants = role.statistics;
    if (wants.reference_log_prob) role.reference_log_prob = -values({5});
    if (wants.tap) role.tap = values({5, 4});
    if (wants.reference_tap) role.reference_tap = values({5, 4});
  }
  return batch;
}

}  // namespace lethe::objectives
