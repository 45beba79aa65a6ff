// Scalars of a configuration to typed values and back to YAML; internal to config/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/config/tree.h"

namespace lethe::config {

// Errors: config.type, config.range. `path` is the dotted key for the message.
void read_value(const Node& node, const std::string& path, const Range& range, bool& value);
void read_value(const Node& node, const std::string& path, const Range& range, std::int64_t& value);
void read_value(const Node& node, const std::string& path, const Range& range, std::uint64_t& value);
void read_value(const Node& node, const std::string& path, const Range& range, double& value);
void read_value(const Node& node, const std::string& path, const Range& range, std::string& value);

template <class T>
void read_value(const Node& node, const std::string& path, const Range& range, std::vector<T>& values);

[[nodiscard]] std::string to_yaml(bool value);
[[nodiscard]] std::string to_yaml(std::int64_t value);
[[nodiscard]] std::string to_yaml(std::uint64_t value);
[[nodiscard]] std::string to_yaml(double value);
[[nodiscard]] std::string to_yaml(const std::string& value);
template <class T>
[[nodiscard]] std::string to_yaml(const std::vector<T>& values) {
  std::string out;
  for (const T& value : values) out += (out.empty() ? "" : ", ") + to_yaml(value);
  return "[" + out + "]";
}

template <class T>
[[nodiscard]] std::string type_name();

}  // namespace lethe::config
