#include "framework/report/settings.h"

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/config/raw_value.h"

namespace lethe::report {

std::map<std::string, std::string> settings_of(const std::string& config_yaml) {
  if (config_yaml.empty()) return {};
  return config::flat_values(config::parse(config_yaml, "config.yaml"));
}

std::string setting_of(const std::string& config_yaml, const std::string& path) {
  try {
    const auto settings = settings_of(config_yaml);
    const auto found = settings.find(path);
    return found == settings.end() ? "" : found->second;
  } catch (const Error&) {
    return "";
  }
}

}  // namespace lethe::report
