#include "framework/data/template/string_literal.h"

#include <charconv>

#include "framework/data/template/budget.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data::jinja {
namespace {

// \xhh, \uhhhh, \Uhhhhhhhh: the digits behind the letter at `at`, which moves to the last of them.
char32_t coded(std::string_view body, std::size_t& at, int line) {
  const std::size_t digits = body[at] == 'x' ? 2 : body[at] == 'u' ? 4 : 8;
  std::uint32_t code = 0;
  const auto text = body.substr(at + 1, digits);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), code, 16);
  const bool whole = text.size() == digits && result.ptr == text.data() + digits;
  if (!whole || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
    refuse_construct(line, "the escape \\" + std::string(body.substr(at, digits + 1)));
  at += digits;
  return code;
}

char32_t octal(std::string_view body, std::size_t& at) {
  std::uint32_t code = 0;
  std::size_t digits = 0;
  while (digits < 3 && at + digits < body.size() && body[at + digits] >= '0' && body[at + digits] <= '7')
    code = code * 8 + static_cast<std::uint32_t>(body[at + digits++] - '0');
  at += digits - 1;
  return code;
}

}  // namespace

std::string decode_literal(std::string_view body, int line) {
  constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
  std::string text;
  for (std::size_t at = 0; at < body.size(); ++at) {
    if (body[at] != '\\' || at + 1 >= body.size()) {
      text += body[at];
      continue;
    }
    const char c = body[++at];
    if (const auto known = letters.find(c); known != std::string_view::npos)
      text += meanings[known];
    else if (c == '\n')
      continue;
    else if (c == 'x' || c == 'u' || c == 'U')
      append_code_point(text, coded(body, at, line));
    else if (c >= '0' && c <= '7')
      append_code_point(text, octal(body, at));
    else if (c == 'N')
      refuse_construct(line, "the escape \\N");
    else
      text += {'\\', c};
  }
  return text;
}

}  // namespace lethe::data::jinja
