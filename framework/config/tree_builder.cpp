#include "framework/config/tree_builder.h"

namespace lethe::config {
namespace {

void check_depth(std::size_t depth, const Place& place) {
  if (depth <= kMaxDepth) return;
  fail("yaml.depth", fmt::format("nested deeper than {} ({})", kMaxDepth, place.text()),
       "flatten the configuration");
}

}  // namespace

bool TreeBuilder::expects_key() const {
  return !frames_.empty() && frames_.back().node.kind == Node::Kind::mapping && !frames_.back().key;
}

std::string TreeBuilder::child_path() const {
  if (frames_.empty()) return "";
  const Frame& frame = frames_.back();
  return frame.key ? joined_path(frame.path, *frame.key) : item_path(frame.path, frame.node.items.size());
}

void TreeBuilder::take_key(const Place& place, std::string key) {
  Frame& frame = frames_.back();
  if (key == "<<") {
    fail("yaml.merge", fmt::format("{}: merge keys (<<) are not supported", place.text()),
         "repeat the keys, or put what is shared into a file of its own and name it with `extends:`");
  }
  const auto [first, is_new] = frame.seen.try_emplace(key, place);
  if (!is_new) {
    fail("yaml.duplicate",
         fmt::format("{}: {} set twice (first at {}:{})", place.text(), joined_path(frame.path, key),
                     first->second.line, first->second.column),
         "keep one of the two");
  }
  frame.key = std::move(key);
  frame.key_place = place;
}

void TreeBuilder::refuse_key(const Place& place, const std::string& what, const std::string& hint) {
  if (!bad_key_) bad_key_ = Error("yaml.syntax", fmt::format("{}: {}", place.text(), what), hint);
  frames_.back().key = "";  // goes on as if there were one
}

void TreeBuilder::null(Place place, bool written, Anchor anchor) {
  if (expects_key()) return refuse_key(place, "a key is missing or null", "quote it if it is text");
  if (!written && !frames_.empty() && frames_.back().key) place = frames_.back().key_place;
  auto node = std::make_shared<Node>();
  node->place = std::move(place);
  node->unwritten = !written;
  add(std::move(node), anchor);
}

void TreeBuilder::scalar(Place place, std::string value, bool quoted, Anchor anchor) {
  if (expects_key()) {
    // An anchor on a key would name the key's text; nobody needs it, and the map of anchors then stays
    // complete.
    if (anchor != 0) return refuse_key(place, "a key cannot have an anchor", "put the anchor on the value");
    return take_key(place, std::move(value));
  }
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::scalar;
  node->place = std::move(place);
  node->scalar = std::move(value);
  node->quoted = quoted;
  add(std::move(node), anchor);
}

void TreeBuilder::alias(Place place, Anchor anchor) {
  if (expects_key()) return refuse_key(place, "an alias cannot be a key", "write the key out");
  const auto target = finished_.find(anchor);
  if (target == finished_.end())
    fail("yaml.alias", fmt::format("{}: an anchor stands inside itself", place.text()));
  check_depth(frames_.size() + static_cast<std::size_t>(target->second->depth), place);
  alias_nodes_ += target->second->size;
  if (alias_nodes_ > kMaxAliasNodes) {
    fail("yaml.alias", fmt::format("{}: aliases stand for more than {} values", place.text(), kMaxAliasNodes),
         "aliases of aliases multiply; write the values out");
  }
  add(target->second, 0);
}

void TreeBuilder::open(Node::Kind kind, Place place, Style style, Anchor anchor) {
  const bool is_key = expects_key();
  if (is_key) refuse_key(place, "a key must be text", "quote the key");
  check_depth(frames_.size() + 1, place);
  Frame frame;
  frame.path = child_path();
  frame.node.kind = kind;
  frame.node.place = std::move(place);
  frame.style = style;
  frame.anchor = anchor;
  frame.is_key = is_key;
  frames_.push_back(std::move(frame));
}

void TreeBuilder::close() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.is_key) return;
  measure(frame.node);
  add(std::make_shared<Node>(std::move(frame.node)), frame.anchor);
}

void TreeBuilder::add(NodePtr node, Anchor anchor) {
  if (anchor != 0) finished_[anchor] = node;
  if (frames_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = frames_.back();
  if (frame.node.kind == Node::Kind::list) {
    frame.node.items.push_back(std::move(node));
  } else {
    frame.node.entries.push_back({std::move(*frame.key), frame.key_place, std::move(node)});
    frame.key.reset();
  }
}

NodePtr TreeBuilder::finish() const {
  if (bad_key_) throw *bad_key_;
  return root_;
}

std::optional<TreeBuilder::OpenFlow> TreeBuilder::open_flow() const {
  if (frames_.empty() || frames_.back().style != Style::flow) return std::nullopt;
  return OpenFlow{frames_.back().node.kind, frames_.back().node.place};
}

}  // namespace lethe::config
