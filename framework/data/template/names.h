// What a template may call: the parser refuses every other name before anything runs.
#pragma once

#include <string_view>

namespace lethe::data::jinja {

[[nodiscard]] bool known_filter(std::string_view name);
[[nodiscard]] bool known_test(std::string_view name);
[[nodiscard]] bool known_method(std::string_view name);
[[nodiscard]] bool known_function(std::string_view name);

}  // namespace lethe::data::jinja
