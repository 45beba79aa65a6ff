// Python's escapes in a template's string literals.
#pragma once

#include <string>
#include <string_view>

namespace lethe::data::jinja {

// `body` lies between the quotes. Errors: template.construct for an escape that names no character.
[[nodiscard]] std::string decode_literal(std::string_view body, int line);

}  // namespace lethe::data::jinja
