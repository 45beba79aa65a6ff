#include "tests/structure/function_lengths.h"

#include <algorithm>
#include <cctype>
#include <regex>

namespace lethe::structure {
namespace {

// Where the literal or comment that starts at `at` ends (one past); `at` itself if none starts there.
std::size_t literal_end(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  const auto past = [&](std::string_view end, std::size_t from) {
    const auto found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return past("*/", at + 2);
  if (rest.starts_with("R\"")) {
    const auto open = text.find('(', at);
    return past(")" + std::string(text.substr(at + 2, open - at - 2)) + "\"", open);
  }
  const char quote = text[at];
  const bool digit_separator =
      quote == '\'' && at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1]));
  if ((quote != '"' && quote != '\'') || digit_separator) return at;
  for (auto i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == quote)
      return i + 1;
  }
  return text.size();
}

// Whether the text between the last statement and a brace introduces a function body.
bool heads_function(const std::string& head) {
  static const std::regex scope(
      R"(^\s*((public|private|protected):\s*)*(template\s*<.*>\s*)?(inline\s+)?(namespace|class|struct|enum|union)\b)");
  static const std::regex body(
      R"(\)\s*(const|noexcept|override|final|&|->[^=;]*|requires[^;]*|:[^:][^;]*|\s)*$)");
  return !std::regex_search(head, scope) && std::regex_search(head, body);
}

std::string last_line(const std::string& head) {
  const auto end = head.find_last_not_of(" \n\t");
  const auto begin = head.rfind('\n', end);
  return head.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin));
}

class Scanner {
 public:
  std::vector<Function> scan(const std::string& text) {
    for (const char c : text) {
      if (c == '\n') ++line_;
      if (c == '{')
        open();
      else if (c == '}')
        close();
      else if (c == ';' && depth_inside_ == 0 && parentheses_ == 0)
        head_.clear();
      else if (depth_inside_ == 0)
        take(c);
    }
    return std::move(found_);
  }

 private:
  void take(char c) {
    parentheses_ += c == '(' ? 1 : c == ')' ? -1 : 0;
    const bool repeats = c == ' ' && (head_.empty() || head_.back() == ' ' || head_.back() == '\n');
    if (!repeats) head_ += c;
  }
  void open() {
    if (depth_inside_ > 0) {
      ++depth_inside_;
    } else if (parentheses_ > 0 ||
               (!head_.empty() && !std::isspace(static_cast<unsigned char>(head_.back())))) {
      ++braced_values_;  // `= {}` among parameters, or `member_{2}`: a body's brace has a space before it
    } else if (heads_function(head_)) {
      depth_inside_ = 1;
      start_ = line_;
    } else {
      head_.clear();
    }
  }
  void close() {
    if (braced_values_ > 0 && depth_inside_ == 0) {
      --braced_values_;
    } else if (depth_inside_ > 0) {
      if (--depth_inside_ == 0) finish();
    } else {
      head_.clear();
    }
  }
  void finish() {
    found_.push_back({last_line(head_), start_, line_ - start_ + 1});
    head_.clear();
  }

  std::vector<Function> found_;
  std::string head_;  // since the last statement, outside functions
  int line_ = 1, start_ = 0, depth_inside_ = 0, parentheses_ = 0, braced_values_ = 0;
};

}  // namespace

std::string blank_literals(std::string_view source) {
  std::string out(source);
  for (std::size_t at = 0; at < source.size();) {
    const auto end = literal_end(source, at);
    for (auto i = at; i < end; ++i)
      if (out[i] != '\n') out[i] = ' ';
    at = std::max(end, at + 1);
  }
  return out;
}

std::vector<Function> functions_of(std::string_view source) {
  std::string text = blank_literals(source);
  // Preprocessor lines, with their continuations, hold braces of their own.
  text = std::regex_replace(text, std::regex(R"((^|\n)[ \t]*#(?:[^\n\\]|\\\n|\\[^\n])*)"), "$1");
  return Scanner().scan(text);
}

}  // namespace lethe::structure
