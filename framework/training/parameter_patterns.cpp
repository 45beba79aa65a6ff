#include "framework/training/parameter_patterns.h"

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::training {
namespace {

// The nearest name, if one is near; where names begin and end, if none is.
std::string hint_for(const models::ParameterIndex& index, const std::string& pattern) {
  std::vector<std::string> names;
  for (const models::Parameter& parameter : index.parameters()) names.push_back(parameter.name);
  const std::string meant = base::did_you_mean(pattern, names);
  return meant.empty() ? fmt::format("names are as in the model's files, from `{}` to `{}`", names.front(),
                                     names.back())
                       : meant;
}

}  // namespace

std::vector<int> matching_parameters(const models::ParameterIndex& index, const std::string& pattern,
                                     std::string_view key) {
  std::vector<int> matching;
  for (std::size_t p = 0; p < index.parameters().size(); ++p)
    if (base::matches_pattern(pattern, index.parameters()[p].name)) matching.push_back(static_cast<int>(p));
  if (matching.empty())
    fail("config.range", fmt::format("{}: `{}` matches no parameter", key, pattern),
         hint_for(index, pattern));
  return matching;
}

}  // namespace lethe::training
