// A configuration as a tree of nodes that remember their place. Internal to config/: the rest sees Section.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::config {

struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  struct Member;

  Kind kind = Kind::null;
  std::string text;             // of a scalar
  bool quoted = false;          // a quoted scalar is text, never a number or a truth value
  std::string place;            // "conf.yaml:6:10" or "--set a.b=c"
  std::vector<Node> items;      // of a list
  std::vector<Member> members;  // of a map, in file order

  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  Node& insert(std::string_view key, const std::string& where);  // an existing member, or a new null one
};

struct Node::Member {
  std::string key;
  std::string place;  // of the key
  Node value;
};

// One YAML document, strictly: see document.h for what is refused.
[[nodiscard]] Node parse_yaml(const std::string& yaml, const std::string& name);

// Lays `over` upon `base`: maps merge key by key, anything else replaces. A choice (`objective: npo` or `{name: npo, …}`) keeps the
// base's options only while it is the same choice.
void merge(Node& base, Node over);

// Replaces ${env:NAME} in every scalar. Errors: config.ref.
void resolve_environment(Node& node);

// Applies `a.b=c`. Errors: cli.set where there is no `=`, yaml.syntax in the value.
void apply_override(Node& root, const std::string& assignment);

}  // namespace lethe::config
