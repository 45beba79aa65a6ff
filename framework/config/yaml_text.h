// Values as YAML text: what a dump writes and load() reads back as the same value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::config {

[[nodiscard]] std::string yaml_text(bool value);
[[nodiscard]] std::string yaml_text(std::int64_t value);
[[nodiscard]] std::string yaml_text(std::uint64_t value);
[[nodiscard]] std::string yaml_text(double value);  // the shortest digits that give the same double
[[nodiscard]] std::string yaml_text(const std::string& value);  // quoted where YAML would read something else

template <class T>
[[nodiscard]] std::string yaml_text(const std::vector<T>& values) {
  std::string text = "[";
  for (const T& value : values) text += (text.size() > 1 ? ", " : "") + yaml_text(value);
  return text + "]";
}

template <class T>
[[nodiscard]] std::string yaml_text(const std::optional<T>& value) {
  return value ? yaml_text(*value) : std::string("null");
}

}  // namespace lethe::config
