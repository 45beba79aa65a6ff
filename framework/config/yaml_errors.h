// yaml-cpp's exceptions to the catalogue's keys and to words that say what to change. The one private header
// that shows a yaml-cpp type.
#pragma once

#include <yaml-cpp/exceptions.h>

#include <optional>
#include <string>

#include "framework/config/tree_builder.h"

namespace lethe::config {

// `at`: the exception's place; `flow`: the innermost flow list or mapping open then; `text`: what was being
// read.
[[noreturn]] void refuse_yaml(const YAML::Exception& e, const Place& at,
                              const std::optional<TreeBuilder::OpenFlow>& flow, const std::string& text);

}  // namespace lethe::config
