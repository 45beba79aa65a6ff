#include "framework/objectives/objective.h"

#include <ATen/ATen.h>

#include <algorithm>

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

at::Tensor tokens_by_sample(const RoleTokens& role, const at::Tensor& like) {
  std::vector<double> lengths;
  for (std::size_t i = 0; i + 1 < role.offsets.size(); ++i)
    lengths.push_back(static_cast<double>(role.offsets[i + 1] - role.offsets[i]));
  return at::tensor(lengths, at::kDouble).to(like.options());
}

int Needs::last_layer() const {
  const bool reads_head =
      std::ranges::any_of(roles, [](const RoleNeeds& role) { return !role.statistics.empty(); });
  return reads_head ? -1 : tap_layer;
}

at::Tensor RoleTokens::stopped(std::string_view name) const {
  const auto constant = constants.find(name);
  return (constant == constants.end() ? statistic(name) : constant->second).detach();
}

void need_log_prob(Needs& needs, Role role) {
  needs[role].present = true;
  needs[role].statistics.emplace_back("log_prob");
}

Term nll_term(std::string name, double weight, const RoleTokens& role, Count count) {
  return term_of(std::move(name), weight, role, count, [&] { return -role.log_prob().sum(); });
}

bool read_compat(config::Section& section) {
  std::string compat = "none";
  section.choice("compat", compat, {"none", "openunlearning"},
                 "whose numbers to give where they differ: openunlearning repeats its quirks");
  return compat == "openunlearning";
}

}  // namespace lethe::objectives
