// Filters.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "framework/base/error.h"
#include "framework/data/template/builtins.h"
#include "framework/data/template/names.h"
#include "framework/data/template/operators.h"
#include "framework/data/template/text_tools.h"

namespace lethe::data::jinja {
namespace {

using Filter = Value (*)(const Value& input, const Arguments& given, CallContext& context);

Value undefined_of(const char* name) { return Value(Undefined{name}); }

Value trim(const Value& input, const Arguments& given, CallContext& context) {
  const Value* set = given.get(0, "chars");
  if (set != nullptr && !set->is_none() && !set->text()) fail_type(context.line, "trim() needs a string");
  return Value(stripped(to_text(input), set == nullptr ? nullptr : set->text(), true, true));
}

Value to_json_filter(const Value& input, const Arguments& given, CallContext& context) {
  std::int64_t indent = -1;
  if (!given.positional.empty()) refuse_construct(context.line, "tojson() with arguments without names");
  for (const auto& [name, value] : given.keywords) {
    const bool plain = (name == "ensure_ascii" || name == "sort_keys") && !value.truthy();
    if (name == "indent" && value.as_integer())
      indent = std::clamp<std::int64_t>(*value.as_integer(), 0, 64);
    else if (!plain && !value.is_none())
      refuse_construct(context.line, "tojson() with " + name);
  }
  const double lines = static_cast<double>(input.weight()) / 8,
               blanks = static_cast<double>(std::max<std::int64_t>(indent, 0) * input.depth());
  context.budget.refuse_beyond(lines * blanks / 256);
  return Value(to_json(input, indent, context.line));
}

Value length(const Value& input, const Arguments&, CallContext& context) {
  if (input.text()) return Value(static_cast<std::int64_t>(characters_of(*input.text()).size()));
  return Value(static_cast<std::int64_t>(items_of(input, context.line).size()));
}

Value fallback(const Value& input, const Arguments& given, CallContext&) {
  const Value* other = given.get(0, "default_value");
  const Value* boolean = given.get(1, "boolean");
  const bool absent = input.is_undefined() || (boolean != nullptr && boolean->truthy() && !input.truthy());
  if (!absent) return input;
  return other == nullptr ? Value(std::string()) : *other;
}

Value path_of(Value value, const std::string& path, int line) {
  for (const std::string& step : split_text(path, std::make_unique<std::string>(".").get(), -1)) {
    std::int64_t index = 0;
    const auto read = std::from_chars(step.data(), step.data() + step.size(), index);
    const bool number = read.ec == std::errc() && read.ptr == step.data() + step.size();
    value = number ? get_item(value, Value(index), line) : get_item(value, Value(step), line);
  }
  return value;
}

Value join_filter(const Value& input, const Arguments& given, CallContext& context) {
  const Value* separator = given.get(0, "d");
  const Value* attribute = given.get(1, "attribute");
  std::string out;
  bool first = true;
  for (const Value& item : items_of(input, context.line)) {
    if (!std::exchange(first, false) && separator != nullptr) out += to_text(*separator);
    const std::string part =
        to_text(attribute == nullptr ? item : path_of(item, to_text(*attribute), context.line));
    context.budget.spend_bytes(part.size() + (separator == nullptr ? 0 : to_text(*separator).size()));
    out += part;
  }
  return Value(std::move(out));
}

template <bool first>
Value end_of(const Value& input, const Arguments&, CallContext& context) {
  const Items items = items_of(input, context.line);
  if (items.empty()) return undefined_of(first ? "the first of nothing" : "the last of nothing");
  return first ? items.front() : items.back();
}

Value to_list(const Value& input, const Arguments&, CallContext& context) {
  return Value::list(items_of(input, context.line));
}

Value to_string(const Value& input, const Arguments&, CallContext&) { return Value(to_text(input)); }

std::optional<double> read_number(const Value& input) {
  if (const auto number = input.as_number()) return number;
  if (!input.text()) return std::nullopt;
  const std::string text = stripped(*input.text(), nullptr, true, true);
  const bool plus = text.starts_with('+');
  double number = 0;
  const auto read = std::from_chars(text.data() + plus, text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(number)
                                                                         : std::nullopt;
}

Value to_integer(const Value& input, const Arguments& given, CallContext&) {
  if (input.integer()) return input;
  const auto number = read_number(input);
  if (number && std::abs(*number) < 9e15) return Value(static_cast<std::int64_t>(*number));
  const Value* other = given.get(0, "default");
  return other == nullptr ? Value(std::int64_t{0}) : *other;
}

Value to_real(const Value& input, const Arguments& given, CallContext&) {
  if (const auto number = read_number(input)) return Value(*number);
  const Value* other = given.get(0, "default");
  return other == nullptr ? Value(0.0) : *other;
}

Value absolute(const Value& input, const Arguments&, CallContext& context) {
  const auto number = input.as_number();
  if (!number) fail_type(context.line, "abs of " + input.type_name());
  return *number < 0 ? apply_unary("-", input, context.line) : input;
}

Value reversed(const Value& input, const Arguments&, CallContext& context) {
  Items items = items_of(input, context.line);
  std::reverse(items.begin(), items.end());
  if (!input.text()) return Value::list(std::move(items));
  std::string text;
  for (const Value& item : items) text += *item.text();
  return Value(std::move(text));
}

template <std::string (*change)(std::string_view)>
Value changed_text(const Value& input, const Arguments&, CallContext&) {
  return Value(change(to_text(input)));
}

// Jinja's own: words begin behind a hyphen, white space or an opening bracket, not behind an apostrophe.
std::string title_words(std::string_view text) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool cut =
        i == text.size() || std::string_view("- \t\n\r({[<").find(text[i]) != std::string_view::npos;
    if (!cut) continue;
    out += capitalised(text.substr(begin, i - begin));
    if (i < text.size()) out += text[i];
    begin = i + 1;
  }
  return out;
}

Value replace_filter(const Value& input, const Arguments& given, CallContext& context) {
  return call_method("replace", Value(to_text(input)), given, context);
}

Value items_filter(const Value& input, const Arguments& given, CallContext& context) {
  return input.is_undefined() ? Value::list({}) : call_method("items", input, given, context);
}

Value unchanged(const Value& input, const Arguments&, CallContext&) { return input; }

const std::string& name_argument(const Arguments& given, std::size_t place, int line) {
  if (place >= given.positional.size() || !given.positional[place].text())
    fail_type(line, "a name is missing");
  return *given.positional[place].text();
}

// select(test, …), reject(test, …), selectattr(attribute, test, …), rejectattr(attribute, test, …).
template <bool by_attribute, bool keeps>
Value chosen(const Value& input, const Arguments& given, CallContext& context) {
  const std::size_t used = by_attribute ? 1 : 0;
  const std::string attribute = by_attribute ? name_argument(given, 0, context.line) : "";
  const std::string test = given.positional.size() > used ? name_argument(given, used, context.line) : "";
  if (!test.empty() && !known_test(test)) refuse_construct(context.line, "the test " + test);
  Arguments rest;
  if (given.positional.size() > used + 1)
    rest.positional.assign(given.positional.begin() + static_cast<std::ptrdiff_t>(used) + 1,
                           given.positional.end());
  Items kept;
  if (!input.truthy()) return Value::list({});  // none too, as in Jinja
  for (const Value& item : items_of(input, context.line)) {
    context.budget.spend();
    const Value looked_at = by_attribute ? path_of(item, attribute, context.line) : item;
    if ((test.empty() ? looked_at.truthy() : apply_test(test, looked_at, rest, context)) == keeps)
      kept.push_back(item);
  }
  return Value::list(std::move(kept));
}

Value mapped(const Value& input, const Arguments& given, CallContext& context) {
  const Value* attribute = find_member(given.keywords, "attribute");
  const Value* other = find_member(given.keywords, "default");
  const std::string filter = attribute == nullptr ? name_argument(given, 0, context.line) : "";
  if (attribute == nullptr && !known_filter(filter)) refuse_construct(context.line, "the filter " + filter);
  Arguments rest;
  if (attribute == nullptr) rest.positional.assign(given.positional.begin() + 1, given.positional.end());
  Items items;
  if (!input.truthy()) return Value::list({});
  for (const Value& item : items_of(input, context.line)) {
    context.budget.spend();
    Value value = attribute == nullptr ? apply_filter(filter, item, rest, context)
                                       : path_of(item, to_text(*attribute), context.line);
    items.push_back(value.is_undefined() && other != nullptr ? *other : std::move(value));
  }
  return Value::list(std::move(items));
}

struct NamedFilter {
  std::string_view name;
  Filter filter;
};
constexpr NamedFilter kFilters[] = {{"trim", trim},
                                    {"tojson", to_json_filter},
                                    {"length", length},
                                    {"count", length},
                                    {"default", fallback},
                                    {"d", fallback},
                                    {"join", join_filter},
                                    {"first", end_of<true>},
                                    {"last", end_of<false>},
                                    {"list", to_list},
                                    {"string", to_string},
                                    {"int", to_integer},
                                    {"float", to_real},
                                    {"abs", absolute},
                                    {"reverse", reversed},
                                    {"upper", changed_text<upper_case>},
                                    {"lower", changed_text<lower_case>},
                                    {"capitalize", changed_text<capitalised>},
                                    {"title", changed_text<title_words>},
                                    {"replace", replace_filter},
                                    {"items", items_filter},
                                    {"safe", unchanged},
                                    {"select", chosen<false, true>},
                                    {"reject", chosen<false, false>},
                                    {"selectattr", chosen<true, true>},
                                    {"rejectattr", chosen<true, false>},
                                    {"map", mapped}};

}  // namespace

bool known_filter(std::string_view name) {
  return std::any_of(std::begin(kFilters), std::end(kFilters),
                     [&](const auto& row) { return row.name == name; });
}

Value apply_filter(std::string_view name, const Value& input, const Arguments& given, CallContext& context) {
  context.budget.spend_bytes(input.weight() * (input.text() ? 16 : 1));
  if (input.list()) context.budget.spend(static_cast<std::int64_t>(input.list()->items.size()));
  for (const NamedFilter& row : kFilters)
    if (row.name == name) return row.filter(input, given, context);
  LETHE_CHECK(false, "the parser let the filter {} through", name);
  return {};
}

}  // namespace lethe::data::jinja
