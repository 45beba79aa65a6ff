#include "framework/objectives/objective.h"

#include <ATen/ATen.h>

namespace lethe::objectives {

std::vector<std::string> objective_names() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) names.emplace_back(entry.name);
  return names;
}

std::unique_ptr<Objective> make_objective(config::Section parent, std::string& name) {
  const auto names = objective_names();
  const config::Section options = parent.named("objective", name, names, "the unlearning method");
  for (const Entry& entry : registry()) {
    if (entry.name == name) return entry.make(options);
  }
  return registry().front().make(options);  // the reference page asks without a name
}

at::Tensor sum_by_sample(const at::Tensor& tokens, std::span<const std::int64_t> offsets) {
  std::vector<at::Tensor> sums;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
    sums.push_back(tokens.narrow(0, offsets[i], offsets[i + 1] - offsets[i]).sum());
  return at::stack(sums);
}

Term nll_term(std::string name, double weight, const RoleTokens& role, Count count) {
  Term term{.name = std::move(name), .weight = weight, .sum = {}, .count = count};
  if (role.num_samples() > 0) term.sum = -role.log_prob().sum();
  return term;
}

}  // namespace lethe::objectives
