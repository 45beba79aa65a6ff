// Methods of strings and mappings.
#include <algorithm>

#include "framework/base/error.h"
#include "framework/data/template/builtins.h"
#include "framework/data/template/names.h"
#include "framework/data/template/operators.h"
#include "framework/data/template/text_tools.h"

namespace lethe::data::jinja {
namespace {

using Method = Value (*)(const Value& object, const Arguments& given, CallContext& context);

const std::string* text_argument(const Arguments& given, std::size_t place, std::string_view name, int line) {
  const Value* value = given.get(place, name);
  if (value == nullptr || value->is_none()) return nullptr;
  if (!value->text()) fail_type(line, fmt::format("a string is needed, got {}", value->type_name()));
  return value->text();
}

const std::string& needed_text(const Arguments& given, std::size_t place, std::string_view name, int line) {
  const std::string* text = text_argument(given, place, name, line);
  if (text == nullptr) fail_type(line, fmt::format("the argument {} is missing", name));
  return *text;
}

std::int64_t integer_argument(const Arguments& given, std::size_t place, std::string_view name,
                              std::int64_t fallback, int line) {
  const Value* value = given.get(place, name);
  if (value == nullptr || value->is_none()) return fallback;
  const auto number = value->as_integer();
  if (!number) fail_type(line, fmt::format("an integer is needed, got {}", value->type_name()));
  return *number;
}

Value list_of(std::vector<std::string> texts) {
  Items items;
  for (std::string& text : texts) items.emplace_back(std::move(text));
  return Value::list(std::move(items));
}

template <bool left, bool right>
Value strip(const Value& object, const Arguments& given, CallContext& context) {
  return Value(stripped(*object.text(), text_argument(given, 0, "chars", context.line), left, right));
}

Value split(const Value& object, const Arguments& given, CallContext& context) {
  const std::string* separator = text_argument(given, 0, "sep", context.line);
  if (separator != nullptr && separator->empty()) fail_type(context.line, "split() at an empty separator");
  return list_of(
      split_text(*object.text(), separator, integer_argument(given, 1, "maxsplit", -1, context.line)));
}

template <bool at_start>
Value starts_or_ends(const Value& object, const Arguments& given, CallContext& context) {
  const Value* wanted = given.get(0, "prefix");
  if (wanted == nullptr) fail_type(context.line, "startswith() and endswith() need a string");
  const Items choices = wanted->list() ? wanted->list()->items : Items{*wanted};
  return Value(std::any_of(choices.begin(), choices.end(), [&](const Value& choice) {
    if (!choice.text()) fail_type(context.line, "startswith() and endswith() need a string");
    return at_start ? object.text()->starts_with(*choice.text()) : object.text()->ends_with(*choice.text());
  }));
}

Value replace(const Value& object, const Arguments& given, CallContext& context) {
  const std::string& from = needed_text(given, 0, "old", context.line);
  const std::string& to = needed_text(given, 1, "new", context.line);
  const double growth = from.empty() ? 1.0 : 1.0 / static_cast<double>(from.size());
  context.budget.refuse_beyond(static_cast<double>(object.text()->size()) * growth *
                               static_cast<double>(to.size()) / 256);
  return Value(replaced(*object.text(), from, to, integer_argument(given, 2, "count", -1, context.line)));
}

Value join(const Value& object, const Arguments& given, CallContext& context) {
  const Value* parts = given.get(0, "iterable");
  if (parts == nullptr) fail_type(context.line, "join() needs a list");
  std::string out;
  const Items items = items_of(*parts, context.line);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].text()) fail_type(context.line, "join() needs strings, got " + items[i].type_name());
    out.append(i == 0 ? "" : *object.text()).append(*items[i].text());
    context.budget.spend_bytes(items[i].text()->size() + object.text()->size());
  }
  return Value(std::move(out));
}

Value find(const Value& object, const Arguments& given, CallContext& context) {
  const auto place = object.text()->find(needed_text(given, 0, "sub", context.line));
  if (place == std::string::npos) return Value(std::int64_t{-1});
  return Value(static_cast<std::int64_t>(characters_of(object.text()->substr(0, place)).size()));
}

Value count(const Value& object, const Arguments& given, CallContext& context) {
  const std::string& wanted = needed_text(given, 0, "sub", context.line);
  if (wanted.empty()) return Value(static_cast<std::int64_t>(characters_of(*object.text()).size() + 1));
  return Value(static_cast<std::int64_t>(split_text(*object.text(), &wanted, -1).size() - 1));
}

Value digits_only(const Value& object, const Arguments&, CallContext&) {
  const std::string& text = *object.text();
  return Value(!text.empty() &&
               std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

template <std::string (*change)(std::string_view)>
Value changed(const Value& object, const Arguments&, CallContext&) {
  return Value(change(*object.text()));
}

Value lines(const Value& object, const Arguments&, CallContext&) {
  return list_of(split_lines(*object.text()));
}

Value mapping_items(const Value& object, const Arguments&, CallContext&) {
  Items items;
  for (const auto& [key, value] : object.mapping()->members)
    items.push_back(Value::list({Value(key), value}, true));
  return Value::list(std::move(items));
}

Value mapping_keys(const Value& object, const Arguments&, CallContext& context) {
  return Value::list(items_of(object, context.line));
}

Value mapping_values(const Value& object, const Arguments&, CallContext&) {
  Items items;
  for (const auto& member : object.mapping()->members) items.push_back(member.second);
  return Value::list(std::move(items));
}

Value mapping_get(const Value& object, const Arguments& given, CallContext& context) {
  const Value* found = find_member(object.mapping()->members, needed_text(given, 0, "key", context.line));
  if (found != nullptr) return *found;
  const Value* fallback = given.get(1, "default");
  return fallback == nullptr ? Value() : *fallback;
}

struct NamedMethod {
  std::string_view name;
  bool of_text;
  Method method;
};
constexpr NamedMethod kMethods[] = {{"strip", true, strip<true, true>},
                                    {"lstrip", true, strip<true, false>},
                                    {"rstrip", true, strip<false, true>},
                                    {"split", true, split},
                                    {"splitlines", true, lines},
                                    {"startswith", true, starts_or_ends<true>},
                                    {"endswith", true, starts_or_ends<false>},
                                    {"replace", true, replace},
                                    {"join", true, join},
                                    {"find", true, find},
                                    {"count", true, count},
                                    {"isdigit", true, digits_only},
                                    {"upper", true, changed<upper_case>},
                                    {"lower", true, changed<lower_case>},
                                    {"capitalize", true, changed<capitalised>},
                                    {"title", true, changed<title_case>},
                                    {"items", false, mapping_items},
                                    {"keys", false, mapping_keys},
                                    {"values", false, mapping_values},
                                    {"get", false, mapping_get}};

}  // namespace

bool known_method(std::string_view name) {
  return std::any_of(std::begin(kMethods), std::end(kMethods),
                     [&](const auto& row) { return row.name == name; });
}

Value call_method(std::string_view name, const Value& object, const Arguments& given, CallContext& context) {
  if (object.is_undefined()) fail_undefined(object, context.line);
  for (const NamedMethod& row : kMethods) {
    if (row.name != name || (row.of_text ? !object.text() : !object.mapping())) continue;
    if (object.text()) context.budget.spend_bytes(object.text()->size() * 16);
    return row.method(object, given, context);
  }
  fail_type(context.line, fmt::format("{} has no method {}()", object.type_name(), name));
}

}  // namespace lethe::data::jinja
