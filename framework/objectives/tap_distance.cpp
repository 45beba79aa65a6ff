#include "framework/objectives/tap_distance.h"

#include <ATen/ATen.h>

namespace lethe::objectives {

Term tap_distance(std::string name, double weight, const MicroBatch& batch, Role role,
                  const at::Tensor& target, bool broadcast) {
  const RoleTokens& tokens = batch[role];
  const Count count = broadcast ? Count{Count::Of::broadcast, role} : samples_of(role);
  return term_of(std::move(name), weight, tokens, count, [&] {
    const at::Tensor of_rows = (tokens.tap - target).square().mean(1);
    const at::Tensor of_samples = sum_by_sample(of_rows, tokens.offsets);
    return broadcast ? of_samples.sum()
                     : (of_samples / tokens_by_sample(tokens, of_samples).clamp_min(1)).sum();
  });
}

void need_tap(Needs& needs, Role role, std::int64_t layer, bool reference) {
  needs.tap_layer = static_cast<int>(layer);
  needs[role].present = needs[role].tap = true;
  needs[role].reference_tap = reference;
  needs[role].rows = data::Rows::inputs;
}

}  // namespace lethe::objectives
