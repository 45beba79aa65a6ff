// Statements: if, for, set, break, continue; and output.
#include <algorithm>

#include "framework/data/template/budget.h"
#include "framework/data/template/parser.h"

namespace lethe::data::jinja {
namespace {

constexpr int kMaxBlockDepth = 50;

class StatementParser {
 public:
  explicit StatementParser(std::string_view source) : cursor_(tokenize(source)), expressions_(cursor_) {}

  Block whole() {
    Block block = until({});
    if (cursor_.peek().kind != TokenKind::end) cursor_.refuse_here();
    return block;
  }

 private:
  // Statements up to a block whose word is one of `words`; the word is the next token then.
  Block until(std::initializer_list<std::string_view> words) {
    Block block;
    while (cursor_.peek().kind != TokenKind::end) {
      if (cursor_.peek().kind == TokenKind::block_begin && ends(words)) {
        cursor_.next();
        return block;
      }
      block.push_back(statement());
    }
    if (words.size() > 0) refuse_construct(cursor_.peek().line, fmt_missing(*words.begin()));
    return block;
  }

  static std::string fmt_missing(std::string_view word) {
    return "a template without its {% " + std::string(word) + " %}";
  }

  bool ends(std::initializer_list<std::string_view> words) const {
    const Token& token = cursor_.peek(1);
    return token.kind == TokenKind::name && std::find(words.begin(), words.end(), token.text) != words.end();
  }

  Statement statement() {
    Statement node;
    node.line = cursor_.peek().line;
    const Token token = cursor_.next();
    if (token.kind == TokenKind::data) {
      node.text = token.text;
      return node;
    }
    if (token.kind == TokenKind::variable_begin) {
      node.kind = StatementKind::output;
      node.expression = expressions_.tuple();
      cursor_.need(TokenKind::variable_end);
      return node;
    }
    block(node);
    return node;
  }

  void block(Statement& node) {
    if (++depth_ > kMaxBlockDepth) refuse_construct(node.line, "nesting blocks more than 50 deep");
    const std::string word = cursor_.need_name();
    if (word == "if")
      conditional(node);
    else if (word == "for")
      loop(node);
    else if (word == "set")
      assign(node);
    else if (word == "break" || word == "continue")
      leave(node, word);
    else if (word == "generation")
      group(node);
    else
      refuse_construct(node.line, "{% " + word + " %}");
    --depth_;
  }

  void close() { cursor_.need(TokenKind::block_end); }

  void conditional(Statement& node) {
    node.kind = StatementKind::conditional;
    for (bool more = true; more;) {
      Branch branch{expressions_.tuple(), {}};
      close();
      branch.body = until({"endif", "elif", "else"});
      node.branches.push_back(std::move(branch));
      const std::string word = cursor_.need_name();
      more = word == "elif";
      if (word != "else") continue;
      close();
      node.branches.push_back({nullptr, until({"endif"})});
      cursor_.next();
    }
    close();
  }

  void loop(Statement& node) {
    node.kind = StatementKind::loop;
    names(node);
    if (!cursor_.take_name("in")) cursor_.refuse_here();
    node.expression = expressions_.without_condition();
    if (cursor_.take_name("if")) node.condition = expressions_.expression();
    if (cursor_.at_name("recursive")) refuse_construct(node.line, "a recursive loop");
    close();
    ++loops_;
    node.body = until({"endfor", "else"});
    --loops_;
    if (cursor_.need_name() == "else") {
      close();
      node.otherwise = until({"endfor"});
      cursor_.next();
    }
    close();
  }

  void names(Statement& node) {
    const bool bracket = cursor_.take_symbol("(");
    do node.targets.push_back(cursor_.need_name());
    while (cursor_.take_symbol(","));
    if (bracket) cursor_.need_symbol(")");
  }

  void assign(Statement& node) {
    node.kind = StatementKind::assign;
    names(node);
    if (node.targets.size() == 1 && cursor_.take_symbol(".")) node.attribute = cursor_.need_name();
    if (cursor_.take_symbol("=")) {
      node.expression = expressions_.tuple();
      return close();
    }
    if (cursor_.at_symbol("|") || node.targets.size() > 1) cursor_.refuse_here();
    close();
    node.kind = StatementKind::assign_block;
    node.body = until({"endset"});
    cursor_.next();
    close();
  }

  void leave(Statement& node, const std::string& word) {
    if (loops_ == 0) refuse_construct(node.line, "{% " + word + " %} outside of a loop");
    node.kind = word == "break" ? StatementKind::leave : StatementKind::proceed;
    close();
  }

  void group(Statement& node) {  // transformers marks answers with {% generation %}; what it holds is printed
                                 // as it is
    node.kind = StatementKind::group;
    close();
    node.body = until({"endgeneration"});
    cursor_.next();
    close();
  }

  TokenCursor cursor_;
  ExpressionParser expressions_;
  int depth_ = 0;
  int loops_ = 0;
};

}  // namespace

Block parse_template(std::string_view source) {
  constexpr std::size_t kMaxBytes = 1 << 20;
  if (source.size() > kMaxBytes) refuse_construct(1, "a template of more than 1 MiB");
  return StatementParser(source).whole();
}

}  // namespace lethe::data::jinja
