// The inner end of expressions: literals, names, brackets, and what is hung behind them.
#include <charconv>

#include "framework/data/template/budget.h"
#include "framework/data/template/names.h"
#include "framework/data/template/parser.h"

namespace lethe::data::jinja {

ExpressionPtr ExpressionParser::primary() {
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::name) return primary_name();
  if (token.kind == TokenKind::integer || token.kind == TokenKind::real) return number();
  if (token.kind == TokenKind::text) {  // neighbours are one string
    auto node = make(ExpressionKind::literal);
    std::string text;
    while (cursor_.peek().kind == TokenKind::text) text += cursor_.next().text;
    node->value = Value(std::move(text));
    return node;
  }
  if (cursor_.at_symbol("[")) return list();
  if (cursor_.at_symbol("{")) return mapping();
  if (!cursor_.take_symbol("(")) cursor_.refuse_here();
  if (cursor_.at_symbol(")")) {
    auto empty = make(ExpressionKind::tuple);
    cursor_.next();
    return empty;
  }
  auto inner = tuple();
  cursor_.need_symbol(")");
  return inner;
}

ExpressionPtr ExpressionParser::primary_name() {
  auto node = make(ExpressionKind::literal);
  const std::string name = cursor_.next().text;
  if (name == "true" || name == "True") {
    node->value = Value(true);
  } else if (name == "false" || name == "False") {
    node->value = Value(false);
  } else if (name != "none" && name != "None") {
    node->kind = ExpressionKind::name;
    node->text = name;
  }
  return node;
}

ExpressionPtr ExpressionParser::number() {
  auto node = make(ExpressionKind::literal);
  const Token token = cursor_.next();
  const char* end = token.text.data() + token.text.size();
  std::int64_t whole = 0;
  double real = 0;
  if (token.kind == TokenKind::real) {
    std::from_chars(token.text.data(), end, real);
    node->value = Value(real);
  } else if (std::from_chars(token.text.data(), end, whole).ec == std::errc()) {
    node->value = Value(whole);
  } else {
    refuse_construct(token.line, "the number " + token.text);
  }
  return node;
}

ExpressionPtr ExpressionParser::list() {
  auto node = make(ExpressionKind::list);
  cursor_.next();
  while (!cursor_.take_symbol("]")) {
    if (!node->operands.empty()) cursor_.need_symbol(",");
    if (cursor_.take_symbol("]")) break;
    node->operands.push_back(expression());
  }
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::mapping() {
  auto node = make(ExpressionKind::mapping);
  cursor_.next();
  while (!cursor_.take_symbol("}")) {
    if (!node->operands.empty()) cursor_.need_symbol(",");
    if (cursor_.take_symbol("}")) break;
    node->operands.push_back(expression());
    cursor_.need_symbol(":");
    node->operands.push_back(expression());
  }
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::postfix(ExpressionPtr operand) {
  while (true) {
    if (cursor_.at_symbol("."))
      operand = attribute(std::move(operand));
    else if (cursor_.at_symbol("["))
      operand = subscript(std::move(operand));
    else if (cursor_.at_symbol("("))
      operand = call(std::move(operand));
    else
      return operand;
  }
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr operand) {
  while (true) {
    if (cursor_.at_symbol("|"))
      operand = filter(std::move(operand));
    else if (cursor_.at_name("is"))
      operand = test(std::move(operand));
    else if (cursor_.at_symbol("("))
      operand = call(std::move(operand));
    else
      return operand;
  }
}

ExpressionPtr ExpressionParser::attribute(ExpressionPtr operand) {
  auto node = make(ExpressionKind::attribute);
  cursor_.next();
  if (cursor_.peek().kind == TokenKind::integer) {  // a.0 is a[0]
    auto index = number();
    node->kind = ExpressionKind::subscript;
    node->operands.push_back(std::move(operand));
    node->operands.push_back(std::move(index));
    return sealed(std::move(node));
  }
  node->text = cursor_.need_name();
  node->operands.push_back(std::move(operand));
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr operand) {
  auto node = make(ExpressionKind::subscript);
  cursor_.next();
  node->operands.push_back(std::move(operand));
  const auto bound = [&] {
    return cursor_.at_symbol(":") || cursor_.at_symbol("]") ? nullptr : expression();
  };
  node->operands.push_back(bound());
  while (cursor_.take_symbol(":")) {
    node->kind = ExpressionKind::slice;
    node->operands.push_back(bound());
  }
  cursor_.need_symbol("]");
  if (node->operands.size() > 4 || (node->kind == ExpressionKind::subscript && !node->operands[1]))
    cursor_.refuse_here();
  if (node->kind == ExpressionKind::slice) node->operands.resize(4);
  return sealed(std::move(node));
}

void ExpressionParser::arguments(Expression& node) {
  cursor_.need_symbol("(");
  for (bool first = true; !cursor_.take_symbol(")"); first = false) {
    if (!first) cursor_.need_symbol(",");
    if (cursor_.take_symbol(")")) return;
    const bool keyword = cursor_.peek().kind == TokenKind::name &&
                         cursor_.peek(1).kind == TokenKind::symbol && cursor_.peek(1).text == "=";
    if (keyword) {
      std::string name = cursor_.next().text;
      cursor_.next();
      node.keywords.emplace_back(std::move(name), expression());
    } else {
      node.operands.push_back(expression());
    }
  }
}

ExpressionPtr ExpressionParser::call(ExpressionPtr operand) {
  auto node = make(ExpressionKind::call);
  const Expression& callee = *operand;
  const bool method = callee.kind == ExpressionKind::attribute;
  if (method && !known_method(callee.text)) refuse_construct(node->line, "the method " + callee.text + "()");
  if (!method && callee.kind != ExpressionKind::name)
    refuse_construct(node->line, "calling the result of an expression");
  if (!method && !known_function(callee.text))
    refuse_construct(node->line, "the function " + callee.text + "()");
  node->operands.push_back(std::move(operand));
  arguments(*node);
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::filter(ExpressionPtr operand) {
  auto node = make(ExpressionKind::filter);
  cursor_.next();
  node->text = cursor_.need_name();
  if (!known_filter(node->text)) refuse_construct(node->line, "the filter " + node->text);
  node->operands.push_back(std::move(operand));
  if (cursor_.at_symbol("(")) arguments(*node);
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::test(ExpressionPtr operand) {
  auto node = make(ExpressionKind::test);
  cursor_.next();
  const bool negated = cursor_.take_name("not");
  node->text = cursor_.need_name();
  if (!known_test(node->text)) refuse_construct(node->line, "the test " + node->text);
  node->operands.push_back(std::move(operand));
  const Token& token = cursor_.peek();
  const bool word = token.kind == TokenKind::name && token.text != "else" && token.text != "or" &&
                    token.text != "and" && token.text != "is" && token.text != "if" && token.text != "in" &&
                    token.text != "not";
  const bool operand_follows = word || token.kind == TokenKind::text || token.kind == TokenKind::integer ||
                               token.kind == TokenKind::real || cursor_.at_symbol("[") ||
                               cursor_.at_symbol("{");
  if (cursor_.at_symbol("("))
    arguments(*node);
  else if (operand_follows)
    node->operands.push_back(postfix(primary()));
  if (!negated) return sealed(std::move(node));
  auto wrapped = make(ExpressionKind::logical_not);
  wrapped->operands.push_back(sealed(std::move(node)));
  return sealed(std::move(wrapped));
}

}  // namespace lethe::data::jinja
