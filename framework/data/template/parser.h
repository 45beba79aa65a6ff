// From tokens to the tree. Everything that lethe does not do is refused here, by name and line, before
// anything runs.
#pragma once

#include <string_view>

#include "framework/data/template/lexer.h"
#include "framework/data/template/syntax.h"

namespace lethe::data::jinja {

// Errors: template.construct.
[[nodiscard]] Block parse_template(std::string_view source);

// A cursor over the tokens, shared by the two parsers.
class TokenCursor {
 public:
  explicit TokenCursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  const Token& peek(std::size_t ahead = 0) const;
  Token next();
  bool at_symbol(std::string_view symbol) const;
  bool at_name(std::string_view name) const;
  bool take_symbol(std::string_view symbol);
  bool take_name(std::string_view name);
  void need_symbol(std::string_view symbol);
  std::string need_name();
  void need(TokenKind kind);
  [[noreturn]] void refuse_here() const;

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenCursor& cursor) : cursor_(cursor) {}
  ExpressionPtr expression();         // with `a if b else c`
  ExpressionPtr without_condition();  // what a `for` walks: `if` behind it is the loop's
  ExpressionPtr tuple();              // a, b: a tuple; a alone: itself

 private:
  ExpressionPtr disjunction();
  ExpressionPtr conjunction();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filter);
  ExpressionPtr primary();
  ExpressionPtr primary_name();
  ExpressionPtr number();
  ExpressionPtr list();
  ExpressionPtr mapping();
  ExpressionPtr postfix(ExpressionPtr operand);
  ExpressionPtr filters(ExpressionPtr operand);
  ExpressionPtr filter(ExpressionPtr operand);
  ExpressionPtr test(ExpressionPtr operand);
  ExpressionPtr subscript(ExpressionPtr operand);
  ExpressionPtr attribute(ExpressionPtr operand);
  ExpressionPtr call(ExpressionPtr operand);
  void arguments(Expression& node);
  ExpressionPtr make(ExpressionKind kind, std::string text = "") const;
  ExpressionPtr binary(std::string text, ExpressionPtr left, ExpressionPtr right) const;
  static ExpressionPtr sealed(ExpressionPtr node);  // computes depth; refuses what is too deep

  TokenCursor& cursor_;
  int nesting_ = 0;
};

}  // namespace lethe::data::jinja
