// JSON as Python's json module writes and reads it: numbers by repr(), NaN and Infinity as bare words, text
// beyond ASCII escaped. Result files are byte-compatible with OpenUnlearning's through this.
#pragma once

#include <string>
#include <string_view>

#include "framework/records/fields.h"

namespace lethe::evaluation {

// repr(): the shortest digits that read back as `value`; 1e-05, 0.0001, 1e+16, 2.0, nan as NaN.
[[nodiscard]] std::string python_number(double value);

// json.dumps(value, indent=4), keys in their order here. Text that is not UTF-8 gets replacement characters.
[[nodiscard]] std::string python_json(const records::Json& value);

// NaN and infinities become the strings "nan", "inf" and "-inf". Errors: eval.json, with `where` in front.
[[nodiscard]] records::Json parse_python_json(std::string_view text, const std::string& where);
// A number, or one of those strings.
[[nodiscard]] double number_of(const records::Json& value);

}  // namespace lethe::evaluation
