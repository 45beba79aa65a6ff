// Functions and tests.
#include <array>
#include <cmath>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/data/template/builtins.h"
#include "framework/data/template/names.h"
#include "framework/data/template/operators.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data::jinja {
namespace {

std::int64_t needed_integer(const Value& value, std::string_view what, int line) {
  const auto number = value.as_integer();
  if (!number) fail_type(line, fmt::format("{} needs an integer, got {}", what, value.type_name()));
  return *number;
}

Value call_range(const Arguments& given, CallContext& context) {
  std::array<std::int64_t, 3> bounds = {0, 0, 1};
  const auto& places = given.positional;
  if (places.empty() || places.size() > 3 || !given.keywords.empty())
    fail_type(context.line, "range() takes 1 to 3 integers");
  if (places.size() == 1) bounds[1] = needed_integer(places[0], "range()", context.line);
  for (std::size_t i = 0; places.size() > 1 && i < places.size(); ++i)
    bounds[i] = needed_integer(places[i], "range()", context.line);
  const auto [start, stop, step] = bounds;
  if (step == 0) fail_type(context.line, "range() with step 0");
  const double count =
      std::ceil((static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step));
  context.budget.refuse_beyond(count);
  Items items;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) items.emplace_back(start + i * step);
  context.budget.spend(static_cast<std::int64_t>(items.size()));
  return Value::list(std::move(items));
}

Value call_namespace(const Arguments& given, CallContext& context) {
  auto space = std::make_shared<Namespace>();
  for (const Value& from : given.positional) {
    if (!from.mapping()) fail_type(context.line, "namespace() takes a mapping, got " + from.type_name());
    space->members = from.mapping()->members;
  }
  for (const auto& [name, value] : given.keywords) {
    if (value.space() != nullptr) refuse_construct(context.line, "a namespace inside a namespace");
    space->members.emplace_back(name, value);
  }
  return Value(std::move(space));
}

Value call_dict(const Arguments& given, CallContext& context) {
  if (!given.positional.empty()) refuse_construct(context.line, "dict() of a value");
  return Value::mapping(given.keywords);
}

Value call_strftime(const Arguments& given, CallContext& context) {
  const Value* format = given.get(0, "format");
  if (format == nullptr || !format->text()) fail_type(context.line, "strftime_now() needs a format");
  const Clock& clock = context.clock;
  if (!clock.given)
    base::warn_once("template.date", fmt::format("template asks for today's date; fixed to {:04}-{:02}-{:02}",
                                                 clock.year, clock.month, clock.day));
  return Value(format_date(clock, *format->text(), context.line));
}

const Value& operand_of(const Arguments& given, std::string_view name, int line) {
  if (given.positional.empty()) fail_type(line, fmt::format("the test {} needs a value", name));
  return given.positional[0];
}

bool has_case(const Value& input, bool upper) {
  const std::string* text = input.text();
  if (text == nullptr) return false;
  bool cased = false;
  for (const char c : *text) {
    const bool is_upper = c >= 'A' && c <= 'Z', is_lower = c >= 'a' && c <= 'z';
    if (upper ? is_lower : is_upper) return false;
    cased = cased || is_upper || is_lower;
  }
  return cased;
}

using Test = bool (*)(const Value&);
struct NamedTest {
  std::string_view name;
  Test test;
};
constexpr NamedTest kTests[] = {
    {"defined", [](const Value& v) { return !v.is_undefined(); }},
    {"undefined", [](const Value& v) { return v.is_undefined(); }},
    {"none", [](const Value& v) { return v.is_none(); }},
    {"string", [](const Value& v) { return v.text() != nullptr; }},
    {"mapping", [](const Value& v) { return v.mapping() != nullptr; }},
    {"number", [](const Value& v) { return v.as_number().has_value(); }},
    {"integer", [](const Value& v) { return v.integer() != nullptr; }},
    {"float", [](const Value& v) { return v.real() != nullptr; }},
    {"boolean", [](const Value& v) { return v.flag() != nullptr; }},
    {"true", [](const Value& v) { return v.flag() && *v.flag(); }},
    {"false", [](const Value& v) { return v.flag() && !*v.flag(); }},
    {"iterable", [](const Value& v) { return v.is_undefined() || v.text() || v.list() || v.mapping(); }},
    {"sequence", [](const Value& v) { return v.is_undefined() || v.text() || v.list() || v.mapping(); }},
    {"callable", [](const Value& v) { return v.function() != nullptr; }},
    {"lower", [](const Value& v) { return has_case(v, false); }},
    {"upper", [](const Value& v) { return has_case(v, true); }},
    {"odd", [](const Value& v) { return v.as_integer().value_or(0) % 2 != 0; }},
    {"even", [](const Value& v) { return v.as_integer().value_or(1) % 2 == 0; }},
};

struct NamedComparison {
  std::string_view name, symbol;
};
constexpr NamedComparison kComparisons[] = {
    {"equalto", "=="}, {"eq", "=="}, {"sameas", "=="},     {"ne", "!="}, {"lt", "<"},  {"lessthan", "<"},
    {"le", "<="},      {"gt", ">"},  {"greaterthan", ">"}, {"ge", ">="}, {"in", "in"}, {"divisibleby", "%"}};

template <class Table>
auto find_named(const Table& table, std::string_view name) -> decltype(&table[0]) {
  for (const auto& row : table)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace

const Value* Arguments::get(std::size_t place, std::string_view name) const {
  return place < positional.size() ? &positional[place] : find_member(keywords, name);
}

bool known_test(std::string_view name) {
  return find_named(kTests, name) != nullptr || find_named(kComparisons, name) != nullptr;
}

bool apply_test(std::string_view name, const Value& input, const Arguments& given, CallContext& context) {
  if (const NamedTest* row = find_named(kTests, name)) return row->test(input);
  const NamedComparison* row = find_named(kComparisons, name);
  LETHE_CHECK(row != nullptr, "the parser let the test {} through", name);
  const Value& other = operand_of(given, name, context.line);
  if (row->symbol != "%") return apply_compare(row->symbol, input, other, context.line);
  return !apply_binary("%", input, other, context.budget, context.line).truthy();
}

bool known_function(std::string_view name) {
  return name == "range" || name == "namespace" || name == "dict" || name == "raise_exception" ||
         name == "strftime_now";
}

Value call_function(std::string_view name, const Arguments& given, CallContext& context) {
  if (name == "range") return call_range(given, context);
  if (name == "namespace") return call_namespace(given, context);
  if (name == "dict") return call_dict(given, context);
  if (name == "strftime_now") return call_strftime(given, context);
  const Value* message = given.get(0, "message");
  fail("template.raised", message == nullptr ? "the template refuses these messages" : to_text(*message));
}

}  // namespace lethe::data::jinja
