#include "framework/config/tree.h"

#include <cstdlib>

#include "framework/base/error.h"

namespace lethe::config {
namespace {

bool is_choice_of_another(const Node& base, const Node& over) {
  const Node* before = base.find("name");
  const Node* after = over.find("name");
  return before != nullptr && after != nullptr && before->text != after->text;
}

std::string with_environment(const std::string& text, const std::string& place) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t start; (start = text.find("${env:", at)) != std::string::npos;) {
    const std::size_t end = text.find('}', start);
    if (end == std::string::npos) fail("config.ref", fmt::format("{}: ${{env: is not closed with }}", place));
    const std::string name = text.substr(start + 6, end - start - 6);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) fail("config.ref", fmt::format("{}: environment variable {} is not set", place, name));
    out += text.substr(at, start - at) + value;
    at = end + 1;
  }
  return out + text.substr(at);
}

// `objective: npo` becomes `objective: {name: npo}`, so that options can be laid beside it.
void make_map(Node& node) {
  if (node.kind == Node::Kind::map) return;
  Node map{.kind = Node::Kind::map, .place = node.place};
  if (node.kind == Node::Kind::scalar) map.members.push_back({"name", node.place, node});
  node = std::move(map);
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

Node& Node::insert(std::string_view key, const std::string& where) {
  if (Node* found = find(key)) return *found;
  members.push_back({std::string(key), where, Node{.place = where}});
  return members.back().value;
}

void merge(Node& base, Node over) {
  const bool named_base = base.kind == Node::Kind::scalar && over.kind == Node::Kind::map && over.find("name") == nullptr;
  if (named_base) make_map(base);
  if (base.kind != Node::Kind::map || over.kind != Node::Kind::map || is_choice_of_another(base, over)) {
    base = std::move(over);
    return;
  }
  base.place = over.place;
  for (Node::Member& member : over.members) merge(base.insert(member.key, member.place), std::move(member.value));
}

void resolve_environment(Node& node) {
  if (node.kind == Node::Kind::scalar) node.text = with_environment(node.text, node.place);
  for (Node& item : node.items) resolve_environment(item);
  for (Node::Member& member : node.members) resolve_environment(member.value);
}

void apply_override(Node& root, const std::string& assignment) {
  const std::string place = "--set " + assignment;
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) fail("cli.set", fmt::format("{}: expected --set a.b=value", place));
  Node* node = &root;
  const std::string path = assignment.substr(0, equals);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    make_map(*node);
    node = &node->insert(path.substr(at, dot - at), place);
    at = dot + 1;
  }
  Node value = parse_yaml(assignment.substr(equals + 1), place);
  value.place = place;
  // A word replaces a choice and its options only where it is another choice: `--set objective=npo` keeps npo's beta.
  const Node* name = node->kind == Node::Kind::map ? node->find("name") : nullptr;
  if (name != nullptr && value.kind == Node::Kind::scalar && name->text == value.text) return;
  *node = std::move(value);
}

}  // namespace lethe::config
