#include "framework/config/raw_value.h"

#include <algorithm>

#include "framework/config/reading.h"
#include "framework/config/yaml_text.h"

namespace lethe::config {
namespace {

RawValue raw_of(const Node& node) {
  RawValue value{.kind = static_cast<RawValue::Kind>(node.kind),
                 .scalar = node.scalar,
                 .quoted = node.quoted,
                 .place = node.place.text()};
  for (const NodePtr& item : node.items) value.items.push_back(raw_of(*item));
  for (const Entry& entry : node.entries) value.entries.emplace_back(entry.key, raw_of(*entry.value));
  return value;
}
static_assert(static_cast<int>(RawValue::Kind::mapping) == static_cast<int>(Node::Kind::mapping));

// Letters that mean nothing to YAML anywhere; a word of others was a text already and may be quoted.
bool is_safe_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '/' || c == '+' ||
           c == '-';
  });
}

std::string joined(const std::vector<std::string>& parts, char open, char close) {
  std::string text(1, open);
  for (const std::string& part : parts) text += (text.size() > 1 ? ", " : "") + part;
  return text + close;
}

bool holds_plain_values(const RawValue& value) {
  const auto is_plain = [](const RawValue& item) { return item.kind <= RawValue::Kind::scalar; };
  return std::all_of(value.items.begin(), value.items.end(), is_plain) && value.entries.empty();
}

void flatten(const RawValue& value, const std::string& path, std::map<std::string, std::string>& values) {
  if (holds_plain_values(value)) {
    values[path] = flow_yaml(value);
    return;
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) flatten(value.items[i], item_path(path, i), values);
  for (const auto& [key, inner] : value.entries) flatten(inner, joined_path(path, key), values);
}

}  // namespace

std::map<std::string, std::string> flat_values(const Section& section) {
  std::map<std::string, std::string> values;
  const Node* node = section.document()->find(section.path());
  if (node == nullptr) return values;
  for (const Entry& entry : node->entries) flatten(raw_of(*entry.value), joined_path("", entry.key), values);
  return values;
}

RawValue raw_value(Section& section, std::string_view key, std::string_view help) {
  Document& document = *section.document();
  const Entry* entry = document.entry(section.path(), key);
  const RawValue value = entry ? raw_of(*entry->value) : RawValue{};
  const std::string path = joined_path(section.path(), key);
  document.record(section.path(), key, {path, "any value", "null", flow_yaml(value), std::string(help)});
  return value;
}

std::string flow_yaml(const RawValue& value) {
  std::vector<std::string> parts;
  switch (value.kind) {
    case RawValue::Kind::null:
      return "null";
    case RawValue::Kind::scalar:
      return !value.quoted && is_safe_plain(value.scalar) ? value.scalar : yaml_text(value.scalar);
    case RawValue::Kind::list:
      for (const RawValue& item : value.items) parts.push_back(flow_yaml(item));
      return joined(parts, '[', ']');
    case RawValue::Kind::mapping:
      for (const auto& [key, inner] : value.entries)
        parts.push_back(yaml_text(key) + ": " + flow_yaml(inner));
      return joined(parts, '{', '}');
  }
  return "";
}

}  // namespace lethe::config
