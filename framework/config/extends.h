// A file together with the file that it extends, and so on.
#pragma once

#include <filesystem>
#include <string>

#include "framework/config/node.h"

namespace lethe::config {

// Reads `file`, lays it over what its `extends:` names (relative to the file), and drops that key.
// Errors: those of reading and parsing; config.cycle; config.empty; config.type (not a mapping).
[[nodiscard]] NodePtr read_with_extends(const std::filesystem::path& file);

// What `name` means in a file of `folder`, in its shortest form: without `.` and `..` where no link of the
// path makes them mean something else.
[[nodiscard]] std::filesystem::path path_beside(const std::filesystem::path& folder, const std::string& name);

// The tree of one text that may extend files relative to the current folder.
[[nodiscard]] NodePtr text_with_extends(const std::string& yaml, const std::string& name);

}  // namespace lethe::config
