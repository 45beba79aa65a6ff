#include "framework/evaluation/formula.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::evaluation {

using Values = std::map<std::string, double>;

// An operator or function over its arguments; a number or a name has none.
struct Formula::Node {
  std::string what;
  double number = 0;
  std::vector<std::shared_ptr<const Node>> arguments;
};

namespace {

using Node = Formula::Node;
using NodePtr = std::shared_ptr<const Node>;
using Operators = std::vector<std::string_view>;

constexpr std::size_t kLongest = 2000;  // the parser recurses
constexpr std::string_view kNumber = "#", kName = "name ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || c == '_' || c == '.' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string hint_of_quotes(std::string_view name) {
  return fmt::format(
      "a name with other characters than letters, digits, _ and . stands in single quotes: '{}'", name);
}

// Of `a-b.probability`, a formula reads `a` and `b.probability`.
std::string hint_for_unknown(const std::string& name, const std::vector<std::string>& known) {
  const auto needs_quotes = [&](const std::string& one) {
    return !std::ranges::all_of(one, is_word) && one.find(name) != std::string::npos;
  };
  const auto quoted = std::ranges::find_if(known, needs_quotes);
  return quoted == known.end() ? base::did_you_mean(name, known) : hint_of_quotes(*quoted);
}

class Parser {
 public:
  Parser(const std::string& text, std::set<std::string>& names) : text_(text), names_(names) {}

  NodePtr parse() {
    NodePtr node = binary(0);
    skip_space();
    if (at_ < text_.size())
      fault("an operator or the end was expected here", hint_of_quotes("retain-2.probability"));
    return node;
  }

 private:
  static constexpr int kNot = 2, kCompare = 2, kUnary = 5;
  static const Operators& level(int number) {
    static const std::array<Operators, 5> kLevels = {Operators{"or"}, Operators{"and"},
                                                     Operators{"<=", ">=", "==", "!=", "<", ">"},
                                                     Operators{"+", "-"}, Operators{"*", "/"}};
    return kLevels[static_cast<std::size_t>(number)];
  }

  NodePtr binary(int number) {
    if (number == kUnary) return unary();
    if (number == kNot && take("not")) return make("not", {binary(kNot)});
    NodePtr left = binary(number + 1);
    bool compared = false;
    for (std::string_view op; !(op = take_any(level(number))).empty(); compared = number == kCompare) {
      if (compared) fault("one comparison at a time: for a < b < c say `a < b and b < c`");
      left = make(std::string(op), {left, binary(number + 1)});
    }
    return left;
  }

  NodePtr unary() { return take("-") ? make("neg", {unary()}) : primary(); }

  NodePtr primary() {
    if (take("(")) {
      NodePtr inside = binary(0);
      if (!take(")")) fault("`)` was expected here");
      return inside;
    }
    skip_space();
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) return number();
    if (take("'")) return metric(take_quoted());
    const std::string word = take_word();
    if (word.empty()) fault("a metric or a number was expected here");
    return take("(") ? call(word) : metric(word);
  }

  NodePtr metric(const std::string& name) {
    names_.insert(name);
    return make(std::string(kName) + name, {});
  }

  NodePtr call(const std::string& function) {
    std::vector<NodePtr> arguments = {binary(0)};
    while (take(",")) arguments.push_back(binary(0));
    if (!take(")")) fault("`)` was expected here");
    if (function != "min" && function != "max" && function != "abs" && function != "hmean")
      fault(fmt::format("there is no function `{}` (min, max, abs, hmean)", function));
    return make(function, std::move(arguments));
  }

  NodePtr number() {
    Node node{.what = std::string(kNumber), .number = 0, .arguments = {}};
    const auto end = std::from_chars(text_.data() + at_, text_.data() + text_.size(), node.number);
    if (end.ec != std::errc()) fault("a number was expected here");
    at_ = static_cast<std::size_t>(end.ptr - text_.data());
    return std::make_shared<const Node>(std::move(node));
  }

  static NodePtr make(std::string what, std::vector<NodePtr> arguments) {
    return std::make_shared<const Node>(
        Node{.what = std::move(what), .number = 0, .arguments = std::move(arguments)});
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (!std::string_view(text_).substr(at_).starts_with(token)) return false;
    const std::size_t end = at_ + token.size();
    if (is_word(token[0]) && end < text_.size() && is_word(text_[end])) return false;  // `order` is no `or`
    at_ = end;
    return true;
  }
  std::string_view take_any(const Operators& operators) {
    for (const std::string_view op : operators)
      if (take(op)) return op;
    return {};
  }
  std::string take_word() {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(first, at_ - first);
  }
  // Behind the first quote.
  std::string take_quoted() {
    const std::size_t first = at_, end = text_.find('\'', at_);
    if (end == std::string::npos) fault("no quote ends the name that begins here");
    at_ = end + 1;
    return text_.substr(first, end - first);
  }
  [[noreturn]] void fault(const std::string& what, const std::string& hint = "") const {
    fail("config.formula", fmt::format("\"{}\": column {}: {}", text_, at_ + 1, what), hint);
  }

  const std::string& text_;
  std::set<std::string>& names_;
  std::size_t at_ = 0;
};

std::optional<double> value_of_node(const Node& node, const Values& metrics);

// `a and b`, `a or b`: a missing side matters only where the other one does not settle it.
std::optional<double> logical(const Node& node, const Values& metrics) {
  const double settles = node.what == "or" ? 1 : 0;
  bool missing = false;
  for (const NodePtr& argument : node.arguments) {
    const auto value = value_of_node(*argument, metrics);
    if (!value)
      missing = true;
    else if ((*value != 0) == (settles != 0))
      return settles;
  }
  return missing ? std::nullopt : std::optional(1 - settles);
}

double applied(const std::string& what, const std::vector<double>& x) {
  if (what == "+") return x[0] + x[1];
  if (what == "-") return x[0] - x[1];
  if (what == "*") return x[0] * x[1];
  if (what == "/") return x[0] / x[1];
  if (what == "<") return x[0] < x[1] ? 1 : 0;
  if (what == "<=") return x[0] <= x[1] ? 1 : 0;
  if (what == ">") return x[0] > x[1] ? 1 : 0;
  if (what == ">=") return x[0] >= x[1] ? 1 : 0;
  if (what == "==") return x[0] == x[1] ? 1 : 0;
  if (what == "!=") return x[0] != x[1] ? 1 : 0;
  if (what == "neg") return -x[0];
  if (what == "not") return x[0] == 0 ? 1 : 0;
  if (what == "abs") return std::abs(x[0]);
  if (what == "min") return *std::ranges::min_element(x);
  if (what == "max") return *std::ranges::max_element(x);
  double inverse = 0;  // hmean
  for (const double v : x) inverse += 1 / v;
  return static_cast<double>(x.size()) / inverse;
}

std::optional<double> value_of_node(const Node& node, const Values& metrics) {
  if (node.what == kNumber) return node.number;
  if (node.what.starts_with(kName)) {
    const auto found = metrics.find(node.what.substr(kName.size()));
    return found == metrics.end() ? std::nullopt : std::optional(found->second);
  }
  if (node.what == "and" || node.what == "or") return logical(node, metrics);
  std::vector<double> values;
  for (const NodePtr& argument : node.arguments) {
    const auto value = value_of_node(*argument, metrics);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return applied(node.what, values);
}

}  // namespace

Formula Formula::parse(std::string text) {
  Formula formula;
  formula.text_ = std::move(text);
  if (formula.text_.size() > kLongest)
    fail("config.formula",
         fmt::format("a formula of {} characters; at most {}", formula.text_.size(), kLongest));
  formula.root_ = Parser(formula.text_, formula.names_).parse();
  return formula;
}

std::optional<double> Formula::value(const Values& metrics) const { return value_of_node(*root_, metrics); }

void Formula::check_names(const std::vector<std::string>& known) const {
  for (const std::string& name : names_)
    if (std::ranges::find(known, name) == known.end())
      fail("config.formula", fmt::format("\"{}\": `{}` is not measured", text_, name),
           hint_for_unknown(name, known));
}

}  // namespace lethe::evaluation
