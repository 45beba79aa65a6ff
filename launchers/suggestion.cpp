#include "launchers/suggestion.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "framework/base/text.h"

namespace lethe::launchers {
namespace {

// "--lerning-rate=1" as it would stand in a file: "lerning_rate".
std::string as_setting(std::string_view option) {
  option.remove_prefix(std::min(option.find_first_not_of('-'), option.size()));
  std::string word(option.substr(0, option.find('=')));
  std::replace(word.begin(), word.end(), '-', '_');
  return word;
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

// The path itself, or its last name: people remember `batch`, not where it stands.
std::string meant_setting(const std::string& word, std::span<const std::string> settings) {
  if (const auto path = base::closest_name(word, settings)) return *path;
  std::vector<std::string> names;
  for (const std::string& setting : settings) names.push_back(last_name(setting));
  const auto name = base::closest_name(word, names);
  if (!name) return "";
  return settings[static_cast<std::size_t>(std::find(names.begin(), names.end(), *name) - names.begin())];
}

}  // namespace

std::string meant_option(const std::string& unknown, std::span<const std::string> options,
                         std::span<const std::string> settings) {
  const std::string word = as_setting(unknown);
  std::vector<std::string> names;
  for (const std::string& option : options) names.push_back(as_setting(option));
  if (const auto name = base::closest_name(word, names)) {
    return "--" +
           options[static_cast<std::size_t>(std::find(names.begin(), names.end(), *name) - names.begin())];
  }
  const std::string setting = meant_setting(word, settings);
  return setting.empty() ? "" : "--set " + setting + "=…";
}

}  // namespace lethe::launchers
