#include "framework/config/merge.h"

#include <algorithm>

namespace lethe::config {
namespace {

bool is_mapping(const NodePtr& node) { return node->kind == Node::Kind::mapping; }

bool says_nothing(const NodePtr& node) { return node->kind == Node::Kind::null && node->unwritten; }

const Node* name_of(const NodePtr& mapping) {
  const Entry* entry = mapping->find("name");
  return entry && entry->value->kind == Node::Kind::scalar ? entry->value.get() : nullptr;
}

bool other_choice(const NodePtr& base, const NodePtr& over) {
  const Node* before = name_of(base);
  const Node* after = name_of(over);
  return before && after && before->scalar != after->scalar;
}

NodePtr by_key(const NodePtr& base, const NodePtr& over) {
  auto result = std::make_shared<Node>(*base);
  result->place = over->place;
  for (const Entry& entry : over->entries) {
    const auto old = std::find_if(result->entries.begin(), result->entries.end(),
                                  [&](const Entry& e) { return e.key == entry.key; });
    if (old == result->entries.end()) {
      result->entries.push_back(entry);
    } else {
      *old = {entry.key, entry.key_place, merged(old->value, entry.value)};
    }
  }
  measure(*result);
  return result;
}

NodePtr merged_mappings(const NodePtr& base, const NodePtr& over) {
  return other_choice(base, over) ? over : by_key(base, over);
}

}  // namespace

NodePtr named_form(const NodePtr& node) {
  if (node->kind != Node::Kind::scalar) return nullptr;
  return single_entry("name", node, node->place);
}

NodePtr merged(const NodePtr& base, const NodePtr& over) {
  if (is_mapping(base) && is_mapping(over)) return merged_mappings(base, over);
  if (is_mapping(base) && says_nothing(over)) return base;
  if (is_mapping(over)) {
    const NodePtr named = named_form(base);
    return named ? merged_mappings(named, over) : over;
  }
  if (is_mapping(base) && name_of(base)) {
    if (const NodePtr named = named_form(over)) return merged_mappings(base, named);
  }
  return over;
}

NodePtr merged_roots(const NodePtr& base, const NodePtr& over) {
  if (!is_mapping(base) || !is_mapping(over)) return merged(base, over);
  NodePtr root = by_key(base, over);
  const Entry *before = base->find("campaign"), *after = over->find("campaign");
  if (!before || !after || !is_mapping(before->value) || !is_mapping(after->value)) return root;
  auto titled = std::make_shared<Node>(*root);
  for (Entry& entry : titled->entries)
    if (entry.key == "campaign") entry.value = by_key(before->value, after->value);
  measure(*titled);
  return titled;
}

NodePtr without(const NodePtr& mapping, std::string_view key) {
  if (!mapping->find(key)) return mapping;
  auto result = std::make_shared<Node>(*mapping);
  std::erase_if(result->entries, [&](const Entry& e) { return e.key == key; });
  measure(*result);
  return result;
}

}  // namespace lethe::config
