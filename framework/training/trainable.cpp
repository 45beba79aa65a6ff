#include "framework/training/trainable.h"

#include <fnmatch.h>

#include "framework/base/error.h"

namespace lethe::training {

std::vector<bool> trained_parameters(const models::ParameterIndex& index,
                                     const std::vector<std::string>& patterns) {
  if (patterns.empty()) return {};
  std::vector<bool> trained(index.parameters().size(), false);
  for (const std::string& pattern : patterns) {
    bool matched = false;
    for (std::size_t p = 0; p < trained.size(); ++p) {
      if (::fnmatch(pattern.c_str(), index.parameters()[p].name.c_str(), 0) != 0) continue;
      trained[p] = matched = true;
    }
    if (!matched)
      fail("config.range", fmt::format("train.trainable: `{}` matches no parameter", pattern),
           fmt::format("names are as in the model's files, from `{}` to `{}`",
                       index.parameters().front().name, index.parameters().back().name));
  }
  return trained;
}

}  // namespace lethe::training
