// The text of a configuration file before it is parsed: opened, bounded, UTF-8, free of tabs and control
// characters. What a YAML parser would report far from its cause, or not at all, is refused here with its
// place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace lethe::config {

inline constexpr std::uint64_t kMaxConfigBytes = 4u << 20;

// The bytes of a regular file. `shown` is how the user wrote its name; `asked_by` ends the message of a
// missing file
// (" (extends at a.yaml:1:1)"). Errors: config.missing, config.notfile, config.permission, config.size,
// io.read.
[[nodiscard]] std::string read_config_file(const std::filesystem::path& file, const std::string& shown,
                                           const std::string& asked_by = "");

// Drops a UTF-8 byte order mark, turns CRLF into LF, and checks the rest. Errors: yaml.encoding (UTF-16,
// invalid UTF-8, NUL and other control characters), yaml.syntax (a tab used for indentation), config.size.
[[nodiscard]] std::string checked_text(std::string text, const std::string& name);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace lethe::config
