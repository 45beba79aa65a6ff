// Expressions, with Jinja's precedence: if-else, or, and, not, comparison, + -, ~, * / // %, **, unary,
// postfix, filter.
#include <algorithm>
#include <charconv>

#include "framework/data/template/budget.h"
#include "framework/data/template/parser.h"

namespace lethe::data::jinja {
namespace {

constexpr int kMaxTreeDepth = 200;

class NestingGuard {
 public:
  NestingGuard(int& nesting, int line) : nesting_(nesting) {
    if (++nesting_ > kMaxTreeDepth) refuse_construct(line, "an expression nested more than 200 deep");
  }
  ~NestingGuard() { --nesting_; }

 private:
  int& nesting_;
};

}  // namespace

ExpressionPtr ExpressionParser::make(ExpressionKind kind, std::string text) const {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = cursor_.peek().line;
  node->text = std::move(text);
  return node;
}

ExpressionPtr ExpressionParser::sealed(ExpressionPtr node) {
  int below = 0;
  for (const auto& operand : node->operands) below = std::max(below, operand ? operand->depth : 0);
  for (const auto& keyword : node->keywords) below = std::max(below, keyword.second->depth);
  node->depth = below + 1;
  if (node->depth > kMaxTreeDepth) refuse_construct(node->line, "an expression nested more than 200 deep");
  return node;
}

ExpressionPtr ExpressionParser::binary(std::string text, ExpressionPtr left, ExpressionPtr right) const {
  auto node = make(ExpressionKind::binary, std::move(text));
  node->operands.push_back(std::move(left));
  node->operands.push_back(std::move(right));
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::expression() {
  const NestingGuard guard(nesting_, cursor_.peek().line);
  auto value = disjunction();
  while (cursor_.at_name("if")) {
    auto node = make(ExpressionKind::conditional);
    cursor_.next();
    node->operands.push_back(std::move(value));
    node->operands.push_back(disjunction());
    node->operands.push_back(cursor_.take_name("else") ? expression() : nullptr);
    value = sealed(std::move(node));
  }
  return value;
}

ExpressionPtr ExpressionParser::without_condition() {
  auto first = disjunction();
  if (!cursor_.at_symbol(",")) return first;
  cursor_.refuse_here();
}

ExpressionPtr ExpressionParser::tuple() {
  auto first = expression();
  if (!cursor_.at_symbol(",")) return first;
  auto node = make(ExpressionKind::tuple);
  node->operands.push_back(std::move(first));
  while (cursor_.take_symbol(",")) {
    const TokenKind kind = cursor_.peek().kind;
    if (kind == TokenKind::block_end || kind == TokenKind::variable_end || cursor_.at_symbol(")")) break;
    node->operands.push_back(expression());
  }
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::disjunction() {
  auto left = conjunction();
  while (cursor_.at_name("or")) {
    auto node = make(ExpressionKind::logical_or);
    cursor_.next();
    node->operands.push_back(std::move(left));
    node->operands.push_back(conjunction());
    left = sealed(std::move(node));
  }
  return left;
}

ExpressionPtr ExpressionParser::conjunction() {
  auto left = negation();
  while (cursor_.at_name("and")) {
    auto node = make(ExpressionKind::logical_and);
    cursor_.next();
    node->operands.push_back(std::move(left));
    node->operands.push_back(negation());
    left = sealed(std::move(node));
  }
  return left;
}

ExpressionPtr ExpressionParser::negation() {
  if (!cursor_.at_name("not")) return comparison();
  const NestingGuard guard(nesting_, cursor_.peek().line);
  auto node = make(ExpressionKind::logical_not);
  cursor_.next();
  node->operands.push_back(negation());
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::comparison() {
  auto first = sum();
  auto node = make(ExpressionKind::compare);
  node->operands.push_back(std::move(first));
  while (true) {
    const Token& token = cursor_.peek();
    constexpr std::string_view symbols[] = {"==", "!=", "<", "<=", ">", ">="};
    const bool symbol = token.kind == TokenKind::symbol &&
                        std::find(std::begin(symbols), std::end(symbols), token.text) != std::end(symbols);
    const Token& after = cursor_.peek(1);
    const bool not_in = cursor_.at_name("not") && after.kind == TokenKind::name && after.text == "in";
    if (!symbol && !cursor_.at_name("in") && !not_in) break;
    node->operators.push_back(not_in ? "not in" : token.text);
    cursor_.next();
    if (not_in) cursor_.next();
    node->operands.push_back(sum());
  }
  return node->operators.empty() ? std::move(node->operands[0]) : sealed(std::move(node));
}

ExpressionPtr ExpressionParser::sum() {
  auto left = concatenation();
  while (cursor_.at_symbol("+") || cursor_.at_symbol("-")) {
    const std::string symbol = cursor_.next().text;
    left = binary(symbol, std::move(left), concatenation());
  }
  return left;
}

ExpressionPtr ExpressionParser::concatenation() {
  auto left = product();
  while (cursor_.take_symbol("~")) left = binary("~", std::move(left), product());
  return left;
}

ExpressionPtr ExpressionParser::product() {
  auto left = power();
  while (cursor_.at_symbol("*") || cursor_.at_symbol("/") || cursor_.at_symbol("//") ||
         cursor_.at_symbol("%")) {
    const std::string symbol = cursor_.next().text;
    left = binary(symbol, std::move(left), power());
  }
  return left;
}

ExpressionPtr ExpressionParser::power() {
  auto left = unary(true);
  while (cursor_.take_symbol("**")) left = binary("**", std::move(left), unary(true));
  return left;
}

ExpressionPtr ExpressionParser::unary(bool with_filter) {
  const NestingGuard guard(nesting_, cursor_.peek().line);
  ExpressionPtr value;
  if (cursor_.at_symbol("-") || cursor_.at_symbol("+")) {
    value = make(ExpressionKind::unary, cursor_.peek().text);
    cursor_.next();
    value->operands.push_back(unary(false));
    value = sealed(std::move(value));
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filter ? filters(std::move(value)) : std::move(value);
}

}  // namespace lethe::data::jinja
