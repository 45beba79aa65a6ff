// `${env:NAME}` in the values of a configuration.
#pragma once

#include "framework/config/node.h"

namespace lethe::config {

// Replaces every `${env:NAME}` in the scalars of the tree; `$${` stands for a literal `${`. What comes from
// the environment is read as if it stood there unquoted. Keys are left alone. Errors: config.ref (unset
// variable, another `${…}`, no closing brace).
[[nodiscard]] NodePtr with_environment(const NodePtr& tree);

// Writes a literal text so that with_environment gives it back.
[[nodiscard]] std::string escaped_references(std::string_view text);

}  // namespace lethe::config
