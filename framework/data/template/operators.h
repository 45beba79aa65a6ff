// Arithmetic, comparison, membership and slices of values, with Python's meaning.
#pragma once

#include <string_view>

#include "framework/data/template/budget.h"
#include "framework/data/template/value.h"

namespace lethe::data::jinja {

// `symbol`: + - * / // % ** ~. Errors: template.type (kinds that do not go together, division by zero,
// overflow).
[[nodiscard]] Value apply_binary(std::string_view symbol, const Value& a, const Value& b, Budget& budget,
                                 int line);
[[nodiscard]] Value apply_unary(std::string_view symbol, const Value& a, int line);
// `symbol`: == != < <= > >= in, not in.
[[nodiscard]] bool apply_compare(std::string_view symbol, const Value& a, const Value& b, int line);

// a.name and a[key]: absent gives undefined; asking undefined is template.type.
[[nodiscard]] Value get_attribute(const Value& object, const std::string& name, int line);
[[nodiscard]] Value get_item(const Value& object, const Value& key, int line);
[[nodiscard]] Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step,
                              int line);

// What a loop walks over: the items of a list, the keys of a mapping, the characters of a text, nothing of
// undefined.
[[nodiscard]] Items items_of(const Value& value, int line);
[[nodiscard]] std::vector<std::string> characters_of(const std::string& text);
[[noreturn]] void fail_undefined(const Value& value, int line);

}  // namespace lethe::data::jinja
