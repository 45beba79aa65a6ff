// Lengths of functions in C++ source, by counting braces; no parser, so it is right for code that
// clang-format wrote.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lethe::structure {

struct Function {
  std::string head;  // its signature's last line, for messages
  int first_line = 0;
  int lines = 0;  // from the opening to the closing brace; 1 for a function on one line
};

// The source with comments and the insides of string and character literals blanked; line breaks stay.
[[nodiscard]] std::string blank_literals(std::string_view source);

// Function bodies at namespace or class scope; a lambda counts as lines of the function around it.
[[nodiscard]] std::vector<Function> functions_of(std::string_view source);

}  // namespace lethe::structure
