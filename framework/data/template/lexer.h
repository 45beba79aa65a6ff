// A template's text as tokens, with Jinja's white-space control; trim_blocks and lstrip_blocks are on, as
// transformers sets them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lethe::data::jinja {

enum class TokenKind {
  data,
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  text,
  integer,
  real,
  symbol,
  end
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  // decoded, for text literals
  int line = 1;
};

// Errors: template.construct for what is not Jinja or not read here ({% raw %}, unclosed tags, unknown
// characters).
[[nodiscard]] std::vector<Token> tokenize(std::string_view source);

}  // namespace lethe::data::jinja
