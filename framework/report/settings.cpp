#include "framework/report/settings.h"

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/config/raw_value.h"

namespace lethe::report {

std::map<std::string, std::string> settings_of(const std::string& config_yaml) {
  if (config_yaml.empty()) return {};
  return config::flat_values(config::parse(config_yaml, "config.yaml"));
}

std::map<std::string, std::string> readable_settings_of(const std::string& config_yaml) {
  try {
    return settings_of(config_yaml);
  } catch (const Error&) {
    return {};
  }
}

std::string setting_of(const std::string& config_yaml, const std::string& path) {
  const auto settings = readable_settings_of(config_yaml);
  const auto found = settings.find(path);
  return found == settings.end() ? "" : found->second;
}

}  // namespace lethe::report
