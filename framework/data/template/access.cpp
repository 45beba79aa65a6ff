// Attributes, items and slices of values.
#include <algorithm>

#include "framework/base/error.h"
#include "framework/data/template/operators.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data::jinja {
namespace {

constexpr std::string_view kMappingMethods[] = {"items", "keys",   "values", "get",       "copy",
                                                "pop",   "update", "clear",  "setdefault"};

Value undefined(std::string name) { return Value(Undefined{std::move(name)}); }

Value member_or_undefined(const Members& members, const std::string& name) {
  const Value* found = find_member(members, name);
  return found == nullptr ? undefined(name) : *found;
}

template <class T>
const T* at_index(const std::vector<T>& items, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(items.size());
  if (index < 0) index += size;
  return index >= 0 && index < size ? &items[static_cast<std::size_t>(index)] : nullptr;
}

struct SliceBounds {
  std::int64_t start, stop, step;
};

std::optional<std::int64_t> slice_bound(const Value& value, int line) {
  if (value.is_none()) return std::nullopt;
  const auto number = value.as_integer();
  if (!number) fail_type(line, "a slice by " + value.type_name());
  return number;
}

// Python's slice.indices().
SliceBounds slice_bounds(std::int64_t size, const Value& start, const Value& stop, const Value& step,
                         int line) {
  SliceBounds bounds{0, 0, slice_bound(step, line).value_or(1)};
  if (bounds.step == 0) fail_type(line, "a slice with step 0");
  const bool forward = bounds.step > 0;
  const std::int64_t lowest = forward ? 0 : -1, highest = forward ? size : size - 1;
  const auto clamped = [&](std::int64_t index) {
    return std::clamp(index < 0 ? index + size : index, lowest, highest);
  };
  const auto from = slice_bound(start, line), to = slice_bound(stop, line);
  bounds.start = from ? clamped(*from) : forward ? lowest : highest;
  bounds.stop = to ? clamped(*to) : forward ? highest : lowest;
  return bounds;
}

template <class Take>
void walk_slice(const SliceBounds& bounds, Take take) {
  for (std::int64_t i = bounds.start; bounds.step > 0 ? i < bounds.stop : i > bounds.stop;) {
    take(static_cast<std::size_t>(i));
    if (__builtin_add_overflow(i, bounds.step, &i)) return;
  }
}

}  // namespace

Value get_attribute(const Value& object, const std::string& name, int line) {
  if (object.is_undefined()) fail_undefined(object, line);
  if (object.space()) return member_or_undefined(object.space()->members, name);
  if (!object.mapping()) return undefined(name);
  const bool method =
      std::find(std::begin(kMappingMethods), std::end(kMappingMethods), name) != std::end(kMappingMethods);
  if (method) refuse_construct(line, "the method " + name + " without a call");
  return member_or_undefined(object.mapping()->members, name);
}

Value get_item(const Value& object, const Value& key, int line) {
  if (object.is_undefined()) fail_undefined(object, line);
  if (object.mapping())
    return key.text() ? member_or_undefined(object.mapping()->members, *key.text()) : undefined(to_text(key));
  const auto index = key.as_integer();
  if (object.list() && index) {
    const Value* item = at_index(object.list()->items, *index);
    return item == nullptr ? undefined(to_text(key)) : *item;
  }
  if (object.text() && index) {
    const auto characters = characters_of(*object.text());
    const std::string* character = at_index(characters, *index);
    return character == nullptr ? undefined(to_text(key)) : Value(*character);
  }
  return key.text() ? get_attribute(object, *key.text(), line) : undefined(to_text(key));
}

Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step, int line) {
  if (object.is_undefined()) fail_undefined(object, line);
  if (const List* list = object.list()) {
    Items items;
    const auto bounds = slice_bounds(static_cast<std::int64_t>(list->items.size()), start, stop, step, line);
    walk_slice(bounds, [&](std::size_t i) { items.push_back(list->items[i]); });
    return Value::list(std::move(items), list->tuple);
  }
  if (!object.text()) fail_type(line, "a slice of " + object.type_name());
  const auto characters = characters_of(*object.text());
  std::string text;
  const auto bounds = slice_bounds(static_cast<std::int64_t>(characters.size()), start, stop, step, line);
  walk_slice(bounds, [&](std::size_t i) { text += characters[i]; });
  return Value(std::move(text));
}

Items items_of(const Value& value, int line) {
  if (value.is_undefined()) return {};
  if (value.list()) return value.list()->items;
  Items items;
  if (value.mapping()) {
    for (const auto& member : value.mapping()->members) items.emplace_back(member.first);
    return items;
  }
  if (!value.text()) fail_type(line, value.type_name() + " cannot be walked over");
  for (std::string& character : characters_of(*value.text())) items.emplace_back(std::move(character));
  return items;
}

std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> characters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    (void)next_code_point(text, at);
    characters.push_back(text.substr(begin, at - begin));
  }
  return characters;
}

}  // namespace lethe::data::jinja
