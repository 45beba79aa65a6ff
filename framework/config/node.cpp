#include "framework/config/node.h"

#include <fmt/format.h>

#include <algorithm>

namespace lethe::config {

std::string Place::text() const {
  if (!source) return "";
  return line > 0 ? fmt::format("{}:{}:{}", *source, line, column) : *source;
}

const Entry* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

NodePtr single_entry(std::string key, NodePtr value, const Place& place) {
  auto mapping = std::make_shared<Node>();
  mapping->kind = Node::Kind::mapping;
  mapping->place = place;
  mapping->entries.push_back({std::move(key), place, std::move(value)});
  measure(*mapping);
  return mapping;
}

void measure(Node& node) {
  node.size = 1;
  int below = 0;
  const auto add = [&](const Node& child) {
    node.size += child.size;
    below = std::max(below, child.depth);
  };
  for (const NodePtr& item : node.items) add(*item);
  for (const Entry& entry : node.entries) add(*entry.value);
  node.depth = below + 1;
}

std::string described(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
    case Node::Kind::scalar:
      break;
  }
  constexpr std::size_t kShown = 60;  // a whole text in a message would hide what is wrong with it
  if (node.scalar.size() <= kShown) return fmt::format("\"{}\"", node.scalar);
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(node.scalar[end]) & 0xC0) == 0x80)
    --end;  // not inside a character
  return fmt::format("\"{}…\"", node.scalar.substr(0, end));
}

}  // namespace lethe::config
