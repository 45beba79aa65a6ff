// The 256 printable characters that GPT-2's byte-level alphabet writes bytes with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lethe::data {

// Every byte of `text` as its character.
[[nodiscard]] std::string bytes_to_characters(std::string_view text);

// The bytes that the characters of `token` stand for; nothing when one of them stands for none.
[[nodiscard]] std::optional<std::string> characters_to_bytes(std::string_view token);

}  // namespace lethe::data
