#include "framework/training/trainable.h"

#include "framework/training/parameter_patterns.h"

namespace lethe::training {

std::vector<bool> trained_parameters(const models::ParameterIndex& index,
                                     const std::vector<std::string>& patterns) {
  if (patterns.empty()) return {};
  std::vector<bool> trained(index.parameters().size(), false);
  for (const std::string& pattern : patterns)
    for (const int p : matching_parameters(index, pattern, "train.trainable")) trained[p] = true;
  return trained;
}

}  // namespace lethe::training
