#include "framework/data/tokenizer/byte_level.h"

#include <array>

#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

constexpr bool prints_as_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// Bytes that do not print get U+0100, U+0101, … in order.
struct Alphabet {
  std::array<char32_t, 256> character{};
  std::array<std::int16_t, 0x144> byte{};

  constexpr Alphabet() {
    for (auto& b : byte) b = -1;
    char32_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      character[static_cast<std::size_t>(b)] = prints_as_itself(b) ? static_cast<char32_t>(b) : next++;
      byte[character[static_cast<std::size_t>(b)]] = static_cast<std::int16_t>(b);
    }
  }
};
constexpr Alphabet kAlphabet;

}  // namespace

std::string bytes_to_characters(std::string_view text) {
  std::string characters;
  characters.reserve(text.size() + text.size() / 2);
  for (const char c : text) append_code_point(characters, kAlphabet.character[static_cast<unsigned char>(c)]);
  return characters;
}

std::optional<std::string> characters_to_bytes(std::string_view token) {
  std::string bytes;
  for (std::size_t at = 0; at < token.size();) {
    const char32_t c = next_code_point(token, at);
    if (c >= kAlphabet.byte.size() || kAlphabet.byte[c] < 0) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte[c]);
  }
  return bytes;
}

}  // namespace lethe::data
