// UTF-8 and the few character properties that tokenizers ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lethe::data {

// The offset of the first byte that is not part of well-formed UTF-8 (no surrogates, no overlong forms, at
// most U+10FFFF).
[[nodiscard]] std::optional<std::size_t> first_invalid_utf8(std::string_view text) noexcept;

// The code point at `at` of well-formed UTF-8; `at` moves behind it.
[[nodiscard]] char32_t next_code_point(std::string_view text, std::size_t& at) noexcept;
// The code point that ends before `end`; `end` moves before it.
[[nodiscard]] char32_t previous_code_point(std::string_view text, std::size_t& end) noexcept;
void append_code_point(std::string& text, char32_t code_point);

// Every ill-formed maximal subpart becomes U+FFFD, as the Unicode standard recommends and Rust's
// from_utf8_lossy does.
[[nodiscard]] std::string replace_invalid_utf8(std::string_view bytes);

[[nodiscard]] bool is_numeric(char32_t c) noexcept;      // general category N
[[nodiscard]] bool is_white_space(char32_t c) noexcept;  // property White_Space
[[nodiscard]] bool is_word(char32_t c) noexcept;         // letter, mark, digit, connector

}  // namespace lethe::data
