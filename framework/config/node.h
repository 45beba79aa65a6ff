// The tree that a configuration is read into: immutable nodes that know where they were written, so that
// merging and aliases share them. Private to config; other parts see only Section.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::config {

// Where something was written: a file with a 1-based line and column (in bytes), or, with line 0, the source
// alone
// (`--set a.b=c`).
struct Place {
  std::shared_ptr<const std::string> source;
  int line = 0, column = 0;

  // "conf.yaml:3:8", "--set a.b=c", or "" for what was never written.
  [[nodiscard]] std::string text() const;
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Entry {
  std::string key;
  Place key_place;
  NodePtr value;
};

struct Node {
  enum class Kind { null, scalar, list, mapping };
  Kind kind = Kind::null;
  Place place;
  std::string scalar;
  bool unwritten = false;      // of a null: nothing stands behind the key, not even ~ or null
  bool quoted = false;         // written in quotes or as a block: text, never a number or a word of YAML
  std::vector<NodePtr> items;  // of a list
  std::vector<Entry> entries;  // of a mapping, in the order of the file; keys differ
  std::size_t size = 1;        // nodes of the subtree, every alias counted in full
  int depth = 1;               // levels of the subtree

  [[nodiscard]] const Entry* find(std::string_view key) const;
};

// A mapping with one entry, the smallest tree that says `key: value`.
[[nodiscard]] NodePtr single_entry(std::string key, NodePtr value, const Place& place);

// Recomputes size and depth from the children; called when a node is finished.
void measure(Node& node);

// "a list", "a mapping", "null", or the scalar in double quotes: how a value is named in a message.
[[nodiscard]] std::string described(const Node& node);

// Dotted paths. A key that holds a dot, a bracket or a quote is written in double quotes: axes."train.seed".
// There \" and \\ stand for a quote and a backslash.
struct PathStep {
  std::string key;
  bool is_index = false;  // "[3]"
};
[[nodiscard]] std::string joined_path(std::string_view parent, std::string_view key);
[[nodiscard]] std::string item_path(std::string_view parent, std::size_t index);
// Errors: std::invalid_argument on an empty step, an open quote or bracket.
[[nodiscard]] std::vector<PathStep> split_path(std::string_view path);

}  // namespace lethe::config
