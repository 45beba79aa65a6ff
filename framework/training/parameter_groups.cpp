#include "framework/training/parameter_groups.h"

#include <fmt/format.h>

#include "framework/training/parameter_patterns.h"

namespace lethe::training {

std::vector<int> groups_of_parameters(const models::ParameterIndex& index,
                                      const std::vector<optim::ParameterGroup>& groups) {
  if (groups.empty()) return {};
  std::vector<int> group_of(index.parameters().size(), -1);
  for (std::size_t group = 0; group < groups.size(); ++group)
    for (const std::string& pattern : groups[group].match)
      for (const int p :
           matching_parameters(index, pattern, fmt::format("train.optimizer.groups[{}].match", group)))
        if (group_of[p] < 0) group_of[p] = static_cast<int>(group);
  return group_of;
}

}  // namespace lethe::training
