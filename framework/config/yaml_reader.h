// YAML text to a tree with places, over yaml-cpp's events, which stay inside yaml_reader.cpp and
// yaml_errors.cpp.
#pragma once

#include <string>

#include "framework/config/node.h"

namespace lethe::config {

inline constexpr int kMaxDepth = 500;
inline constexpr std::size_t kMaxAliasNodes = 100'000;  // values that all aliases of a file may stand for

// One document. `text` has passed checked_text; nullptr if it holds nothing (blank, comments, a lone `---`).
// Errors: yaml.syntax, yaml.duplicate, yaml.alias, yaml.depth, yaml.multi, yaml.tag, yaml.merge.
[[nodiscard]] NodePtr read_yaml(const std::string& text, const std::shared_ptr<const std::string>& source);

// The same for the value of `--set`, whose every place is the override itself. null if `text` is blank.
[[nodiscard]] NodePtr read_yaml_value(const std::string& text,
                                      const std::shared_ptr<const std::string>& source);

}  // namespace lethe::config
