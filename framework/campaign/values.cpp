#include "framework/campaign/values.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace lethe::campaign {
namespace {

using config::RawValue;
using Kind = RawValue::Kind;

template <class T>
std::optional<T> number_in(const RawValue& value) {
  const std::string& text = value.scalar;
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !value.quoted;
  return whole ? std::optional(number) : std::nullopt;
}

bool is_same_scalar(const RawValue& a, const RawValue& b) {
  if (const auto x = number_in<std::int64_t>(a), y = number_in<std::int64_t>(b); x && y) return *x == *y;
  if (const auto x = number_in<double>(a), y = number_in<double>(b); x && y) return *x == *y;
  return a.scalar == b.scalar && (a.quoted == b.quoted || (!number_in<double>(a) && !number_in<double>(b)));
}

const RawValue* entry_of(const RawValue& mapping, std::string_view key) {
  for (const auto& [name, value] : mapping.entries)
    if (name == key) return &value;
  return nullptr;
}

// Whether a mapping sets "beta", or "schedule.warmup" inside it. `npo` is {name: npo}.
bool sets(const RawValue& value, std::string_view path) {
  if (value.kind != Kind::mapping) return path == "name";
  const std::size_t dot = path.find('.');
  const RawValue* inner = entry_of(value, path.substr(0, dot));
  return inner != nullptr && (dot == std::string_view::npos || inner->kind != Kind::mapping ||
                              sets(*inner, path.substr(dot + 1)));
}

bool is_above(std::string_view parent, std::string_view key) {
  return key.size() > parent.size() && key.starts_with(parent) && key[parent.size()] == '.';
}

}  // namespace

bool is_same(const RawValue& a, const RawValue& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::scalar) return is_same_scalar(a, b);
  return std::ranges::equal(a.items, b.items, is_same) && a.entries.size() == b.entries.size() &&
         std::ranges::all_of(a.entries, [&](const auto& entry) {
           const RawValue* other = entry_of(b, entry.first);
           return other != nullptr && is_same(entry.second, *other);
         });
}

bool is_meant(const RawValue& value, const RawValue& wanted) {
  const RawValue* name = entry_of(value, "name");
  return is_same(value, wanted) || (name != nullptr && is_same(*name, wanted));
}

bool undoes(std::string_view key, std::string_view earlier_key, const RawValue& earlier_value) {
  if (key == earlier_key || is_above(key, earlier_key)) return true;
  return is_above(earlier_key, key) && sets(earlier_value, key.substr(earlier_key.size() + 1));
}

}  // namespace lethe::campaign
