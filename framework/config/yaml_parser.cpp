// YAML to Node through yaml-cpp's events, which carry places and never build more than we accept.
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "framework/base/error.h"
#include "framework/config/tree.h"

namespace lethe::config {
namespace {

constexpr std::size_t kMaxNodes = 100000;  // after aliases are expanded

std::string place_of(const std::string& name, const YAML::Mark& mark) { return fmt::format("{}:{}:{}", name, mark.line + 1, mark.column + 1); }

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Node::Member& member : node.members) count += count_nodes(member.value);
  return count;
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string name) : name_(std::move(name)) {}
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fail("yaml.multi", fmt::format("{}: only one document is allowed", place_of(name_, mark)));
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add({.place = place_of(name_, mark)}, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail("yaml.alias", fmt::format("{}: an alias inside its own anchor", place_of(name_, mark)));
    Node copy = found->second;
    copy.place = place_of(name_, mark);
    add(std::move(copy), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    const bool quoted = tag == "!";
    const bool null = !quoted && (value == "~" || value == "null" || value.empty());
    if (value.find('\0') != std::string::npos) fail("yaml.syntax", fmt::format("{}: a NUL byte", place_of(name_, mark)));
    add({.kind = null ? Node::Kind::null : Node::Kind::scalar, .text = null ? "" : value, .quoted = quoted, .place = place_of(name_, mark)}, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override { open(Node::Kind::list, mark, anchor); }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override { open(Node::Kind::map, mark, anchor); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    bool has_key = false;
    std::string key, key_place;
  };

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) { open_.push_back({{.kind = kind, .place = place_of(name_, mark)}, anchor}); }
  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }
  void add(Node node, YAML::anchor_t anchor) {
    nodes_ += count_nodes(node);
    if (nodes_ > kMaxNodes) fail("yaml.alias", fmt::format("{}: more than {} values after aliases are expanded", node.place, kMaxNodes));
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) root_ = std::move(node);
    else if (open_.back().node.kind == Node::Kind::list) open_.back().node.items.push_back(std::move(node));
    else add_to_map(open_.back(), std::move(node));
  }
  void add_to_map(Open& map, Node node) {
    if (!map.has_key) {
      if (node.kind != Node::Kind::scalar) fail("yaml.syntax", fmt::format("{}: a key must be a word", node.place));
      if (const Node::Member* first = find_member(map.node, node.text))
        fail("yaml.duplicate", fmt::format("{}: {} set twice (first at {})", node.place, dotted(node.text), first->place.substr(name_.size() + 1)));
      map.has_key = true, map.key = node.text, map.key_place = node.place;
      return;
    }
    map.has_key = false;
    map.node.members.push_back({map.key, map.key_place, std::move(node)});
  }
  static const Node::Member* find_member(const Node& map, const std::string& key) {
    for (const Node::Member& member : map.members)
      if (member.key == key) return &member;
    return nullptr;
  }
  std::string dotted(const std::string& key) const {
    std::string path;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i)
      if (open_[i].has_key) path += open_[i].key + ".";
    return path + key;
  }

  std::string name_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// yaml-cpp takes a tab in the indentation for something else and names the wrong thing.
void refuse_tabs(const std::string& yaml, const std::string& name) {
  std::istringstream lines(yaml);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::size_t indent = line.find_first_not_of(" \t\r");
    const std::size_t tab = line.find('\t');
    if (indent != std::string::npos && tab < indent) fail("yaml.syntax", fmt::format("{}:{}:{}: tab used for indentation", name, number, tab + 1), "indent with spaces");
  }
}

std::string plainly(const std::string& message) {
  if (message == YAML::ErrorMsg::END_OF_SEQ_FLOW) return "flow sequence is not closed";
  if (message == YAML::ErrorMsg::END_OF_MAP_FLOW) return "flow mapping is not closed";
  return message;
}

}  // namespace

Node parse_yaml(const std::string& yaml, const std::string& name) {
  refuse_tabs(yaml, name);
  std::istringstream stream(yaml);
  Builder builder(name);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::DeepRecursion& e) {
    fail("yaml.depth", fmt::format("{}: nested deeper than 500", place_of(name, e.mark)));
  } catch (const YAML::Exception& e) {
    const bool alias = e.msg.find("anchor") != std::string::npos;
    if (alias) fail("yaml.alias", fmt::format("{}: {}", place_of(name, e.mark), "anchor is not defined: " + e.msg));
    fail("yaml.syntax", fmt::format("{}: {}", place_of(name, e.mark), plainly(e.msg)));
  }
  return builder.take();
}

}  // namespace lethe::config
