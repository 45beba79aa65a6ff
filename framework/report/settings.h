// What a run's effective configuration says, as records hold it.
#pragma once

#include <map>
#include <string>

namespace lethe::report {

// By dotted path ("data.exclude", "train.optimizer.groups[1].weight_decay"), as one line of YAML each.
// Errors: those of config::parse.
[[nodiscard]] std::map<std::string, std::string> settings_of(const std::string& config_yaml);

// The same; none where the configuration cannot be read.
[[nodiscard]] std::map<std::string, std::string> readable_settings_of(const std::string& config_yaml);

// One of them; empty where it is not written, or the configuration cannot be read.
[[nodiscard]] std::string setting_of(const std::string& config_yaml, const std::string& path);

}  // namespace lethe::report
