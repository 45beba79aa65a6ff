#include "framework/data/template/operators.h"

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"

namespace lethe::data::jinja {
namespace {

[[noreturn]] void fail_kinds(std::string_view symbol, const Value& a, const Value& b, int line) {
  if (a.is_undefined()) fail_undefined(a, line);
  if (b.is_undefined()) fail_undefined(b, line);
  fail_type(line, fmt::format("`{}` does not go with {} and {}", symbol, a.type_name(), b.type_name()));
}

std::int64_t floor_division(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? quotient - 1 : quotient;
}

Value integer_power(std::int64_t base, std::int64_t exponent, int line) {
  if (exponent < 0) return Value(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  std::int64_t result = 1;
  if (base == 0 || base == 1) return Value(exponent == 0 ? std::int64_t{1} : base);
  if (base == -1) return Value(exponent % 2 == 0 ? std::int64_t{1} : base);
  for (; exponent > 0; --exponent)
    if (__builtin_mul_overflow(result, base, &result)) fail_type(line, "a number beyond 64 bits");
  return Value(result);
}

Value integer_binary(std::string_view symbol, std::int64_t a, std::int64_t b, int line) {
  std::int64_t result = 0;
  const bool divides = symbol == "/" || symbol == "//" || symbol == "%";
  if (divides && b == 0) fail_type(line, "division by zero");
  if (symbol == "/") return Value(static_cast<double>(a) / static_cast<double>(b));
  if (symbol == "**") return integer_power(a, b, line);
  const bool overflow = (divides && b == -1 && a == INT64_MIN) ||
                        (symbol == "+" && __builtin_add_overflow(a, b, &result)) ||
                        (symbol == "-" && __builtin_sub_overflow(a, b, &result)) ||
                        (symbol == "*" && __builtin_mul_overflow(a, b, &result));
  if (overflow) fail_type(line, "a number beyond 64 bits");
  if (symbol == "//") return Value(floor_division(a, b));
  if (symbol == "%") return Value(a - floor_division(a, b) * b);
  return Value(result);
}

Value real_binary(std::string_view symbol, double a, double b, int line) {
  if (symbol == "+") return Value(a + b);
  if (symbol == "-") return Value(a - b);
  if (symbol == "*") return Value(a * b);
  if (symbol == "**") return Value(std::pow(a, b));
  if (b == 0) fail_type(line, "division by zero");
  if (symbol == "/") return Value(a / b);
  if (symbol == "//") return Value(std::floor(a / b));
  const double rest = std::fmod(a, b);
  return Value(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

Value repeated(const Value& value, std::int64_t times, Budget& budget) {
  times = std::max<std::int64_t>(times, 0);
  if (const std::string* text = value.text()) {
    budget.refuse_beyond(static_cast<double>(text->size()) * static_cast<double>(times) / 256);
    std::string result;
    for (std::int64_t i = 0; i < times && !text->empty(); ++i) result += *text;
    budget.spend_bytes(result.size());
    return Value(std::move(result));
  }
  const Items& items = value.list()->items;
  budget.refuse_beyond(static_cast<double>(items.size()) * static_cast<double>(times));
  Items result;
  for (std::int64_t i = 0; i < times && !items.empty(); ++i)
    result.insert(result.end(), items.begin(), items.end());
  budget.spend(static_cast<std::int64_t>(result.size()));
  return Value::list(std::move(result), value.list()->tuple);
}

Value joined(const std::string& a, const std::string& b, Budget& budget) {
  budget.spend_bytes(a.size() + b.size());
  return Value(a + b);
}

Value joined(const List& a, const List& b, Budget& budget) {
  budget.spend(static_cast<std::int64_t>(a.items.size() + b.items.size()));
  Items items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return Value::list(std::move(items), a.tuple);
}

bool contains(const Value& container, const Value& item, int line) {
  if (const std::string* text = container.text()) {
    if (!item.text()) fail_kinds("in", item, container, line);
    return text->find(*item.text()) != std::string::npos;
  }
  const Items items = items_of(container, line);
  return std::any_of(items.begin(), items.end(), [&](const Value& other) { return equal(item, other); });
}

int order(std::string_view symbol, const Value& a, const Value& b, int line) {
  if (a.text() && b.text()) return a.text()->compare(*b.text());  // UTF-8 sorts as its code points
  const auto x = a.as_number(), y = b.as_number();
  if (!x || !y) fail_kinds(symbol, a, b, line);
  return *x < *y ? -1 : *x > *y ? 1 : 0;
}

}  // namespace

void fail_undefined(const Value& value, int line) {
  fail_type(line, fmt::format("`{}` is undefined", value.undefined_name()));
}

Value apply_binary(std::string_view symbol, const Value& a, const Value& b, Budget& budget, int line) {
  if (symbol == "~") return joined(to_text(a), to_text(b), budget);
  const auto i = a.as_integer(), j = b.as_integer();
  if (i && j) return integer_binary(symbol, *i, *j, line);
  const auto x = a.as_number(), y = b.as_number();
  if (x && y) return real_binary(symbol, *x, *y, line);
  if (symbol == "+" && a.text() && b.text()) return joined(*a.text(), *b.text(), budget);
  if (symbol == "+" && a.list() && b.list() && a.list()->tuple == b.list()->tuple)
    return joined(*a.list(), *b.list(), budget);
  if (symbol == "*" && j && (a.text() || a.list())) return repeated(a, *j, budget);
  if (symbol == "*" && i && (b.text() || b.list())) return repeated(b, *i, budget);
  if (symbol == "%" && a.text()) refuse_construct(line, "formatting a string with %");
  fail_kinds(symbol, a, b, line);
}

Value apply_unary(std::string_view symbol, const Value& a, int line) {
  if (const auto number = a.as_integer())
    return symbol == "-" ? integer_binary("-", 0, *number, line) : Value(*number);
  if (a.real()) return Value(symbol == "-" ? -*a.real() : *a.real());
  if (a.is_undefined()) fail_undefined(a, line);
  fail_type(line, fmt::format("`{}` does not go with {}", symbol, a.type_name()));
}

bool apply_compare(std::string_view symbol, const Value& a, const Value& b, int line) {
  if (symbol == "==") return equal(a, b);
  if (symbol == "!=") return !equal(a, b);
  if (symbol == "in") return contains(b, a, line);
  if (symbol == "not in") return !contains(b, a, line);
  if (symbol == "<") return order(symbol, a, b, line) < 0;
  if (symbol == "<=") return order(symbol, a, b, line) <= 0;
  if (symbol == ">") return order(symbol, a, b, line) > 0;
  return order(symbol, a, b, line) >= 0;
}

}  // namespace lethe::data::jinja
