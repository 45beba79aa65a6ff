// Python's string methods, over UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::data::jinja {

// Removes, at the chosen ends, characters of `set`, or white space when there is none.
[[nodiscard]] std::string stripped(std::string_view text, const std::string* set, bool left, bool right);
// At most `most` cuts (negative: all). Without separator: at runs of white space, no empty parts.
[[nodiscard]] std::vector<std::string> split_text(std::string_view text, const std::string* separator,
                                                  std::int64_t most);
[[nodiscard]] std::vector<std::string> split_lines(std::string_view text);
[[nodiscard]] std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                                   std::int64_t most);
[[nodiscard]] std::string upper_case(std::string_view text);
[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] std::string capitalised(std::string_view text);
[[nodiscard]] std::string title_case(
    std::string_view text);  // every letter behind a non-letter is upper case

}  // namespace lethe::data::jinja
