// `--set a.b=c`: the command line's word over the file's.
#pragma once

#include <string>
#include <vector>

#include "framework/config/node.h"

namespace lethe::config {

// Applies `a.b=c` in order; the value is YAML. A missing path is made (an unknown key is refused when it is
// read, with the override as its place); a word becomes {name: word} when an option is set beside it. Errors:
// cli.set (no `=`, a malformed path, a path into a list, `extends`), yaml.* for the value.
[[nodiscard]] NodePtr with_overrides(NodePtr tree, const std::vector<std::string>& overrides);

}  // namespace lethe::config
