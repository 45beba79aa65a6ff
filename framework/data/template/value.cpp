#include "framework/data/template/value.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::data::jinja {
namespace {

constexpr int kMaxDepth = 100;  // destroying, comparing and printing recurse

constexpr std::size_t kMaxWeight = 16 << 20;

}  // namespace

// Spaces in values could be chained without end, or hold themselves.
void Value::hold(const Value& item) {
  if (item.space() != nullptr) fail("template.construct", "a namespace inside a value is not supported");
  depth_ = std::max(depth_, item.depth_ + 1);
  weight_ += item.weight();
  if (depth_ > kMaxDepth) fail("template.budget", "values are nested more than 100 deep");
  if (weight_ > kMaxWeight) fail("template.budget", "a value of more than 16 MiB");
}

std::size_t Value::weight() const { return text() == nullptr ? weight_ : text()->size() + 8; }

Value Value::list(Items items, bool tuple) {
  Value value;
  value.depth_ = 1;
  for (const Value& item : items) value.hold(item);
  value.data_ = std::make_shared<const List>(List{std::move(items), tuple});
  return value;
}

Value Value::mapping(Members members) {
  Value value;
  value.depth_ = 1;
  for (const auto& member : members) {
    value.hold(member.second);
    value.weight_ += member.first.size();
  }
  value.data_ = std::make_shared<const Mapping>(Mapping{std::move(members)});
  return value;
}

const std::string* Value::text() const {
  const auto* pointer = std::get_if<Text>(&data_);
  return pointer == nullptr ? nullptr : pointer->get();
}
const List* Value::list() const {
  const auto* pointer = std::get_if<std::shared_ptr<const List>>(&data_);
  return pointer == nullptr ? nullptr : pointer->get();
}
const Mapping* Value::mapping() const {
  const auto* pointer = std::get_if<std::shared_ptr<const Mapping>>(&data_);
  return pointer == nullptr ? nullptr : pointer->get();
}
Namespace* Value::space() const {
  const auto* pointer = std::get_if<std::shared_ptr<Namespace>>(&data_);
  return pointer == nullptr ? nullptr : pointer->get();
}

std::optional<std::int64_t> Value::as_integer() const {
  if (const bool* b = flag()) return *b ? 1 : 0;
  if (const std::int64_t* i = integer()) return *i;
  return std::nullopt;
}

std::optional<double> Value::as_number() const {
  if (const double* d = real()) return *d;
  if (const auto i = as_integer()) return static_cast<double>(*i);
  return std::nullopt;
}

bool Value::truthy() const {
  if (is_undefined() || is_none()) return false;
  if (const auto number = as_number()) return *number != 0;
  if (const std::string* t = text()) return !t->empty();
  if (const List* l = list()) return !l->items.empty();
  if (const Mapping* m = mapping()) return !m->members.empty();
  return true;
}

std::string Value::type_name() const {
  constexpr const char* names[] = {"undefined", "none", "boolean", "integer",   "number",
                                   "string",    "list", "mapping", "namespace", "function"};
  return names[data_.index()];
}

bool equal(const Value& a, const Value& b) {
  if (const auto x = a.as_number(), y = b.as_number(); x && y) return *x == *y;
  if (a.text() && b.text()) return *a.text() == *b.text();
  if (a.list() && b.list())
    return a.list()->tuple == b.list()->tuple &&
           std::equal(a.list()->items.begin(), a.list()->items.end(), b.list()->items.begin(),
                      b.list()->items.end(), equal);
  if (a.mapping() && b.mapping()) {
    const auto& left = a.mapping()->members;
    const auto same = [&](const auto& member) {
      const Value* other = find_member(b.mapping()->members, member.first);
      return other != nullptr && equal(member.second, *other);
    };
    return left.size() == b.mapping()->members.size() && std::all_of(left.begin(), left.end(), same);
  }
  if (a.space() || b.space()) return a.space() == b.space();
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

const Value* find_member(const Members& members, std::string_view key) {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == key; });
  return found == members.end() ? nullptr : &found->second;
}

}  // namespace lethe::data::jinja
