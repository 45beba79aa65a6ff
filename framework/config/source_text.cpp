#include "framework/config/source_text.h"

#include <algorithm>
#include <string_view>

#include "framework/base/error.h"

namespace lethe::config {
namespace {

// Follows one text from character to character and knows the line and the column (in bytes) it is at.
struct Cursor {
  const std::string& name;
  int line = 1, column = 1;

  [[noreturn]] void refuse(const std::string& what, const std::string& hint) const {
    fail("yaml.encoding", fmt::format("{}:{}:{}: {}", name, line, column, what), hint);
  }
  void advance(char c, std::size_t bytes) {
    column += static_cast<int>(bytes);
    if (c == '\n') ++line, column = 1;
  }
};

// Bytes of the UTF-8 character at `at`; 0 if it is invalid: truncated, overlong, a surrogate, above U+10FFFF.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (std::size_t i = 1; i < count; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = byte(at + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : count;
}

bool is_control(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F; }

void check_characters(const std::string& text, const std::string& name) {
  Cursor cursor{name};
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (is_control(c)) {
      cursor.refuse(fmt::format("control character 0x{:02x}", c),
                    "in double quotes \\x.. or \\u.... writes one");
    }
    const std::size_t bytes = character_bytes(text, at);
    if (bytes == 0) cursor.refuse(fmt::format("byte 0x{:02x} is not UTF-8", c), "save the file as UTF-8");
    cursor.advance(text[at], bytes);
    at += bytes;
  }
}

// Whether the line's value is a block text (`key: |`), whose own lines may go on with tabs after their
// indentation.
bool opens_block_text(std::string_view line) {
  const std::size_t last = line.find_last_not_of(" \t");
  if (last == std::string_view::npos) return false;
  const std::size_t mark = line.find_last_not_of("+-0123456789", last);
  return mark != std::string_view::npos && mark > 0 && (line[mark] == '|' || line[mark] == '>') &&
         (line[mark - 1] == ' ' || line[mark - 1] == '\t');
}

// A tab among the blanks that begin a line is refused, except in a block text after its indentation.
void check_indentation(std::string_view text, const std::string& name) {
  std::size_t block_indent = std::string_view::npos;  // indentation of the line that opened a block text
  int number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t spaces = line.find_first_not_of(' ');
    if (spaces == std::string_view::npos) continue;
    if (block_indent != std::string_view::npos && spaces > block_indent) continue;
    block_indent = std::string_view::npos;
    if (line[spaces] == '\t') {
      fail("yaml.syntax", fmt::format("{}:{}:{}: tab used for indentation", name, number, spaces + 1),
           "indent with spaces");
    }
    if (opens_block_text(line)) block_indent = spaces;
  }
}

std::string with_unix_lines(std::string text) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < text.size(); ++from) {
    if (text[from] == '\r' && from + 1 < text.size() && text[from + 1] == '\n') continue;
    text[to++] = text[from];
  }
  text.resize(to);
  return text;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0, bytes = 0; at < text.size(); at += bytes)
    if (bytes = character_bytes(text, at); bytes == 0) return false;
  return true;
}

std::string checked_text(std::string text, const std::string& name) {
  if (text.size() > kMaxConfigBytes) {
    fail("config.size",
         fmt::format("{} has {} bytes; a configuration has at most {}", name, text.size(), kMaxConfigBytes));
  }
  const std::string_view start = std::string_view(text).substr(0, 2);
  if (start == "\xFF\xFE" || start == "\xFE\xFF") {
    fail("yaml.encoding", fmt::format("{}:1:1: the file is UTF-16", name), "save it as UTF-8");
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  text = with_unix_lines(std::move(text));
  check_characters(text, name);
  check_indentation(text, name);
  return text;
}

}  // namespace lethe::config
