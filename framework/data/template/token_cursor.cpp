#include "framework/data/template/budget.h"
#include "framework/data/template/parser.h"

namespace lethe::data::jinja {

const Token& TokenCursor::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token TokenCursor::next() {
  const Token& token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenCursor::at_symbol(std::string_view symbol) const {
  return peek().kind == TokenKind::symbol && peek().text == symbol;
}

bool TokenCursor::at_name(std::string_view name) const {
  return peek().kind == TokenKind::name && peek().text == name;
}

bool TokenCursor::take_symbol(std::string_view symbol) {
  if (!at_symbol(symbol)) return false;
  next();
  return true;
}

bool TokenCursor::take_name(std::string_view name) {
  if (!at_name(name)) return false;
  next();
  return true;
}

void TokenCursor::need_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) refuse_here();
}

std::string TokenCursor::need_name() {
  if (peek().kind != TokenKind::name) refuse_here();
  return next().text;
}

void TokenCursor::need(TokenKind kind) {
  if (peek().kind != kind) refuse_here();
  next();
}

void TokenCursor::refuse_here() const {
  const Token& token = peek();
  if (token.kind == TokenKind::end) refuse_construct(token.line, "a template that ends here");
  const bool tag_end = token.kind == TokenKind::block_end || token.kind == TokenKind::variable_end;
  refuse_construct(token.line, tag_end ? "a tag that ends here" : "`" + token.text + "` here");
}

}  // namespace lethe::data::jinja
