// Builds the tree from the events of a YAML parser, and refuses what YAML allows but a configuration should
// not hold: keys set twice, anchors inside themselves, alias bombs, tags, merge keys, keys that are not text.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>

#include "framework/base/error.h"
#include "framework/config/yaml_reader.h"

namespace lethe::config {

class TreeBuilder {
 public:
  using Anchor = std::size_t;  // 0: none
  enum class Style { block, flow };

  // `written`: as ~ or null; otherwise `place` is that of the next token, and the key's place tells more.
  void null(Place place, bool written, Anchor anchor);
  void scalar(Place place, std::string value, bool quoted, Anchor anchor);
  void alias(Place place, Anchor anchor);
  void open(Node::Kind kind, Place place, Style style, Anchor anchor);
  void close();

  // The finished document; nullptr if there was no event. Errors: yaml.syntax for a key that is not text.
  // Only now, because yaml-cpp takes an unclosed list for a key, and that it is not closed is the better
  // message.
  [[nodiscard]] NodePtr finish() const;

  // The innermost flow list or mapping that is still open, if any.
  struct OpenFlow {
    Node::Kind kind;
    Place place;
  };
  [[nodiscard]] std::optional<OpenFlow> open_flow() const;

 private:
  struct Frame {
    Node node;
    Style style = Style::block;
    Anchor anchor = 0;
    bool is_key = false;  // a list or mapping where a key should be
    std::string path;
    std::optional<std::string> key;  // read, and waiting for its value
    Place key_place;
    std::unordered_map<std::string, Place> seen;
  };

  bool expects_key() const;
  void take_key(const Place& place, std::string key);
  void refuse_key(const Place& place, const std::string& what, const std::string& hint);
  void add(NodePtr node, Anchor anchor);
  std::string child_path() const;

  std::vector<Frame> frames_;
  std::map<Anchor, NodePtr> finished_;  // anchors whose node is complete
  std::size_t alias_nodes_ = 0;
  NodePtr root_;
  std::optional<Error> bad_key_;
};

}  // namespace lethe::config
