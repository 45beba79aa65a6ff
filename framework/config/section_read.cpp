// Typed reads: optional, required, maybe and choice, and their instantiations for every type that a key may
// have.
#include "framework/base/error.h"
#include "framework/config/reading.h"
#include "framework/config/scalars.h"
#include "framework/config/section.h"
#include "framework/config/section_errors.h"
#include "framework/config/yaml_text.h"

namespace lethe::config {
namespace {

template <class T>
struct Type;  // how a type is called, and what a wrong value "is not"
template <>
struct Type<bool> {
  static constexpr std::string_view name = "true|false", wrong = "is not a boolean; write true or false";
};
template <>
struct Type<std::int64_t> {
  static constexpr std::string_view name = "integer", wrong = "is not an integer", finite = "an integer";
};
template <>
struct Type<std::uint64_t> : Type<std::int64_t> {};
template <>
struct Type<double> {
  static constexpr std::string_view name = "number", wrong = "is not a number", finite = "a finite number";
};
template <>
struct Type<std::string> {
  static constexpr std::string_view name = "text", wrong = "is not a text";
};

template <class T>
constexpr bool kIsNumber =
    std::is_same_v<T, double> || std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint64_t>;

template <class T>
std::string type_text(const T&, const Range& range) {
  if constexpr (kIsNumber<T>) return std::string(Type<T>::name) + range_text(range);
  return std::string(Type<T>::name);
}
template <class T>
std::string type_text(const std::vector<T>&, const Range& range) {
  const std::string element = kIsNumber<T> ? fmt::format("{}s{}", Type<T>::name, range_text(range)) : "texts";
  return "list of " + element;
}

template <class T>
std::string hint_for(const Node& node) {
  if (node.kind == Node::Kind::null) return "write a value, or leave the key out";
  if (node.kind != Node::Kind::scalar) return "";
  T value{};
  if (node.quoted && read_scalar(node.scalar, value) == Spelling::right) return "leave out the quotes";
  return std::is_same_v<T, double> || std::is_same_v<T, bool> ? "" : spelling_hint_for_integer(node.scalar);
}

// Integers beyond what T holds, when the key itself has no limit.
template <class T>
std::string allowed_text(const Range& range) {
  std::string text = range_text(range);
  if constexpr (!std::is_same_v<T, double>) {
    if (text.empty()) {
      text = fmt::format(" between {} and {}", std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    }
  }
  return std::string(Type<T>::finite) + text;
}

bool inside(double value, const Range& range) {
  return value <= range.high && (range.low_open ? value > range.low : value >= range.low);
}

template <class T>
void convert(const Node& node, const std::string& path, const Range& range, T& value) {
  T read{};
  const Spelling spelling =
      node.kind == Node::Kind::scalar && !node.quoted ? read_scalar(node.scalar, read) : Spelling::wrong;
  if (spelling == Spelling::wrong) refuse_type(path, node, Type<T>::wrong, hint_for<T>(node));
  if constexpr (kIsNumber<T>) {
    const bool fits = spelling == Spelling::right && inside(static_cast<double>(read), range);
    const bool shown_as_read = spelling == Spelling::right;
    if (!fits)
      refuse_range(path, node, allowed_text<T>(range), shown_as_read ? fmt::format("{}", read) : node.scalar);
  }
  value = read;
}

void convert(const Node& node, const std::string& path, const Range&, std::string& value) {
  if (node.kind != Node::Kind::scalar) {
    const bool null = node.kind == Node::Kind::null;
    refuse_type(path, node, Type<std::string>::wrong,
                null ? "write \"\" for an empty text, or leave the key out" : "");
  }
  value = node.scalar;
}

template <class T>
void convert(const Node& node, const std::string& path, const Range& range, std::vector<T>& values) {
  if (node.kind != Node::Kind::list) {
    refuse_type(path, node, "is not a list",
                node.kind == Node::Kind::scalar ? fmt::format("write [{}]", node.scalar) : "");
  }
  std::vector<T> read(node.items.size());
  for (std::size_t i = 0; i < read.size(); ++i) convert(*node.items[i], item_path(path, i), range, read[i]);
  values = std::move(read);
}

bool is_null(const Entry& entry) { return entry.value->kind == Node::Kind::null; }

}  // namespace

template <class T>
Section& Section::optional(std::string_view key, T& value, std::string_view help, Range range) {
  const std::string default_value = yaml_text(value), path = joined_path(path_, key);
  if (const Entry* entry = document_->entry(path_, key)) convert(*entry->value, path, range, value);
  document_->record(path_, key,
                    {path, type_text(value, range), default_value, yaml_text(value), std::string(help)});
  return *this;
}

template <class T>
Section& Section::required(std::string_view key, T& value, std::string_view help, Range range) {
  const std::string path = joined_path(path_, key);
  const Entry* entry = document_->entry(path_, key);
  const bool missing = !entry || is_null(*entry);
  if (missing && !document_->reference()) refuse_missing(*document_, path_, key);
  if (!missing) convert(*entry->value, path, range, value);
  document_->record(path_, key,
                    {path, type_text(value, range), "required", yaml_text(value), std::string(help)});
  return *this;
}

template <class T>
Section& Section::maybe(std::string_view key, std::optional<T>& value, std::string_view help, Range range) {
  const std::string path = joined_path(path_, key);
  const std::string default_value = yaml_text(value);
  const Entry* entry = document_->entry(path_, key);
  if (entry) value.reset();
  if (entry && !is_null(*entry)) convert(*entry->value, path, range, value.emplace());
  document_->record(path_, key,
                    {path, type_text(T{}, range), default_value, yaml_text(value), std::string(help)});
  return *this;
}

void Section::check_choice(std::string_view key, const std::string& word, const Node& node,
                           std::span<const std::string> allowed) const {
  for (const std::string& one : allowed) {
    if (one == word) return;
  }
  refuse_word(joined_path(path_, key), node, word, allowed);
}

void Section::read_choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
                          std::string_view help, bool required) {
  const std::string default_value = required ? "required" : yaml_text(value), path = joined_path(path_, key);
  const Entry* entry = document_->entry(path_, key);
  const bool missing = !entry || (required && is_null(*entry));
  if (missing && required && !document_->reference()) refuse_missing(*document_, path_, key);
  if (!missing) {
    convert(*entry->value, path, {}, value);
    check_choice(key, value, *entry->value, allowed);
  }
  document_->record(path_, key,
                    {path, type_of_choice(allowed), default_value, yaml_text(value), std::string(help)});
}

Section& Section::choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
                         std::string_view help) {
  read_choice(key, value, allowed, help, /*required=*/false);
  return *this;
}

Section& Section::choice(std::string_view key, std::string& value, std::initializer_list<std::string> allowed,
                         std::string_view help) {
  return choice(key, value, std::span<const std::string>(allowed.begin(), allowed.size()), help);
}

Section& Section::word_or_integer(std::string_view key, std::string& value,
                                  std::initializer_list<std::string> words, std::string_view help,
                                  Range range) {
  const std::span<const std::string> allowed(words.begin(), words.size());
  const std::string default_value = value, path = joined_path(path_, key);
  if (const Entry* entry = document_->entry(path_, key)) {
    std::int64_t number = 0;
    const Node& node = *entry->value;
    const bool integer = node.kind == Node::Kind::scalar && !node.quoted &&
                         read_scalar(node.scalar, number) != Spelling::wrong;
    if (integer)
      convert(node, path, range, number), value = fmt::format("{}", number);
    else
      convert(node, path, {}, value), check_choice(key, value, node, allowed);
  }
  document_->record(path_, key,
                    {path, fmt::format("{}, or integer{}", type_of_choice(allowed), range_text(range)),
                     default_value, value, std::string(help)});
  return *this;
}

#define LETHE_SECTION_TYPE(T)                                                            \
  template Section& Section::optional<T>(std::string_view, T&, std::string_view, Range); \
  template Section& Section::required<T>(std::string_view, T&, std::string_view, Range); \
  template Section& Section::maybe<T>(std::string_view, std::optional<T>&, std::string_view, Range);
LETHE_SECTION_TYPE(bool)
LETHE_SECTION_TYPE(std::int64_t)
LETHE_SECTION_TYPE(std::uint64_t)
LETHE_SECTION_TYPE(double)
LETHE_SECTION_TYPE(std::string)
LETHE_SECTION_TYPE(std::vector<std::int64_t>)
LETHE_SECTION_TYPE(std::vector<double>)
LETHE_SECTION_TYPE(std::vector<std::string>)
#undef LETHE_SECTION_TYPE

}  // namespace lethe::config
