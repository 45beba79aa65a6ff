#include "framework/data/template/lexer.h"

#include <algorithm>

#include "framework/data/template/budget.h"
#include "framework/data/template/string_literal.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data::jinja {
namespace {

// Newlines become \n, and one at the very end goes (keep_trailing_newline is off).
std::string normalised(std::string_view source) {
  std::string text;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const bool carriage = source[i] == '\r';
    if (carriage && i + 1 < source.size() && source[i + 1] == '\n') continue;
    text += carriage ? '\n' : source[i];
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : in_(normalised(source)) {}

  std::vector<Token> run() {
    while (at_ < in_.size()) data_then_tag();
    push(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  void push(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  void advance(std::size_t to) {
    line_ += static_cast<int>(std::count(in_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         in_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  std::size_t next_tag() const {
    for (auto at = in_.find('{', at_); at != std::string::npos; at = in_.find('{', at + 1))
      if (at + 1 < in_.size() && std::string_view("{%#").find(in_[at + 1]) != std::string_view::npos)
        return at;
    return in_.size();
  }

  void data_then_tag() {
    const std::size_t tag = next_tag();
    std::string_view text = std::string_view(in_).substr(at_, tag - at_);
    if (tag == in_.size()) {
      push(TokenKind::data, std::string(text));
      return advance(tag);
    }
    const char kind = in_[tag + 1];
    const char sign = tag + 2 < in_.size() ? in_[tag + 2] : ' ';
    text = strip_before(text, kind, sign);
    if (!text.empty()) push(TokenKind::data, std::string(text));
    advance(tag + (sign == '-' || sign == '+' ? 3 : 2));
    if (kind == '#') return comment();
    push(kind == '{' ? TokenKind::variable_begin : TokenKind::block_begin, "");
    inside(kind == '{' ? "}}" : "%}");
  }

  // `-` strips all white space before a tag; a block or comment alone on its line takes the blanks before it.
  std::string_view strip_before(std::string_view text, char kind, char sign) const {
    if (sign == '-') {
      for (std::size_t end = text.size(); end > 0;) {
        const char32_t c = previous_code_point(text, end);
        if (!is_white_space(c) && !(c >= 0x1c && c <= 0x1f)) break;
        text = text.substr(0, end);
      }
      return text;
    }
    if (sign == '+' || kind == '{') return text;
    const std::size_t line = text.rfind('\n') + 1;  // npos + 1 == 0
    if (line == 0 && !line_starting_) return text;
    return blank(text.substr(line)) ? text.substr(0, line) : text;
  }

  static bool blank(std::string_view text) {
    for (std::size_t at = 0; at < text.size();)
      if (!is_white_space(next_code_point(text, at))) return false;
    return true;
  }

  void comment() {
    const auto close = in_.find("#}", at_);
    if (close == std::string::npos) refuse_construct(line_, "a comment without end");
    const char sign = close > at_ ? in_[close - 1] : ' ';
    advance(close + 2);
    after_tag(sign, true);
  }

  // What goes behind a tag: all white space after `-`, else one newline behind a block or a comment.
  void after_tag(char sign, bool trims_newline) {
    const std::size_t begin = at_;
    std::size_t end = at_;
    if (sign == '-') {
      for (std::size_t at = end; at < in_.size() && is_white_space(next_code_point(in_, at));) end = at;
    } else if (sign != '+' && trims_newline && end < in_.size() && in_[end] == '\n') {
      ++end;
    }
    advance(end);
    line_starting_ = end > begin && in_[end - 1] == '\n';
  }

  void inside(std::string_view close) {
    const bool block = close == "%}";
    while (true) {
      skip_blanks();
      if (at_ >= in_.size()) refuse_construct(line_, "a tag without end");
      if (open_.empty() && closes(close, block)) return;
      lexeme();
    }
  }

  bool closes(std::string_view close, bool block) {
    const std::string_view rest = std::string_view(in_).substr(at_);
    const bool has_sign = rest[0] == '-' || (block && rest[0] == '+');
    if (!rest.substr(has_sign ? 1 : 0).starts_with(close)) return false;
    push(block ? TokenKind::block_end : TokenKind::variable_end, "");
    const char sign = has_sign ? rest[0] : ' ';
    advance(at_ + close.size() + (has_sign ? 1 : 0));
    after_tag(sign, block);
    return true;
  }

  void skip_blanks() {
    std::size_t end = at_;
    for (std::size_t at = end; at < in_.size() && is_white_space(next_code_point(in_, at));) end = at;
    advance(end);
  }

  void lexeme() {
    const char c = in_[at_];
    if (starts_name(c))
      return take_while(TokenKind::name, [](char x) { return starts_name(x) || is_digit(x); });
    if (is_digit(c)) return number();
    if (c == '"' || c == '\'') return literal(c);
    symbol();
  }

  template <class Test>
  void take_while(TokenKind kind, Test test) {
    std::size_t end = at_;
    while (end < in_.size() && test(in_[end])) ++end;
    push(kind, in_.substr(at_, end - at_));
    at_ = end;
  }

  void number() {
    std::size_t end = at_;
    const auto digits = [&] {
      while (end < in_.size() && (is_digit(in_[end]) || in_[end] == '_')) ++end;
    };
    digits();
    bool real = false;
    if (end + 1 < in_.size() && in_[end] == '.' && is_digit(in_[end + 1])) real = true, ++end, digits();
    if (end < in_.size() && starts_name(in_[end]))
      refuse_construct(line_, "the number " + in_.substr(at_, end - at_ + 1));
    std::string text = in_.substr(at_, end - at_);
    std::erase(text, '_');
    push(real ? TokenKind::real : TokenKind::integer, std::move(text));
    at_ = end;
  }

  void literal(char quote) {
    std::size_t end = at_ + 1;
    while (end < in_.size() && in_[end] != quote) end += in_[end] == '\\' ? 2 : 1;
    if (end >= in_.size()) refuse_construct(line_, "a string without end");
    push(TokenKind::text, decode_literal(std::string_view(in_).substr(at_ + 1, end - at_ - 1), line_));
    advance(end + 1);
  }

  void symbol() {
    constexpr std::string_view two[] = {"//", "**", "==", "!=", ">=", "<="};
    const std::string_view rest = std::string_view(in_).substr(at_);
    std::size_t size =
        std::any_of(std::begin(two), std::end(two), [&](auto s) { return rest.starts_with(s); }) ? 2 : 1;
    if (size == 1 && std::string_view("+-/*%~[](){}><=.:|,;").find(rest[0]) == std::string_view::npos)
      refuse_construct(line_, fmt_character(rest));
    balance(rest[0]);
    push(TokenKind::symbol, std::string(rest.substr(0, size)));
    at_ += size;
  }

  static std::string fmt_character(std::string_view rest) {
    std::size_t end = 0;
    (void)next_code_point(rest, end);
    return "the character `" + std::string(rest.substr(0, end)) + "`";
  }

  // A closing tag is read as such only where all brackets are closed, so that `{{ {'a': {}} }}` works.
  void balance(char c) {
    if (c == '(') open_ += ')';
    if (c == '[') open_ += ']';
    if (c == '{') open_ += '}';
    if (c != ')' && c != ']' && c != '}') return;
    if (open_.empty() || open_.back() != c) refuse_construct(line_, std::string("an unexpected `") + c + "`");
    open_.pop_back();
  }

  std::string in_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::string open_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace lethe::data::jinja
