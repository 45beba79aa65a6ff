#include "framework/config/overrides.h"

#include <stdexcept>

#include "framework/base/error.h"
#include "framework/config/merge.h"
#include "framework/config/source_text.h"
#include "framework/config/yaml_reader.h"

namespace lethe::config {
namespace {

[[noreturn]] void refuse(const std::string& override_text, const std::string& why) {
  fail("cli.set", fmt::format("--set {}: {}", override_text, why), "write --set path.to.key=value");
}

// The `=` that ends the path: the first one outside double quotes.
std::size_t end_of_path(const std::string& text) {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quoted && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (text[at] == '=' && !quoted) {
      return at;
    }
  }
  return std::string::npos;
}

std::vector<PathStep> steps_of(const std::string& override_text, const std::string& path) {
  std::vector<PathStep> steps;
  try {
    steps = split_path(path);
  } catch (const std::invalid_argument& e) {
    refuse(override_text, e.what());
  }
  if (steps.empty()) refuse(override_text, "no key before the =");
  if (steps.front().key == "extends") refuse(override_text, "`extends` belongs into the file");
  return steps;
}

// A list is set whole: its entries have no names, and a number into it would break when the file changes.
void refuse_lists(const NodePtr& tree, const std::vector<PathStep>& steps, const std::string& override_text) {
  const Node* node = tree.get();
  std::string path;
  for (const PathStep& step : steps) {
    if (step.is_index || node->kind == Node::Kind::list) {
      refuse(override_text, fmt::format("{} is a list; set the whole list", path.empty() ? "this" : path));
    }
    path = joined_path(path, step.key);
    const Entry* entry = node->find(step.key);
    if (!entry) return;
    node = entry->value.get();
  }
}

NodePtr with_override(const NodePtr& tree, const std::string& text) {
  const std::size_t equals = end_of_path(text);
  if (equals == std::string::npos) refuse(text, "no = between key and value");
  const auto steps = steps_of(text, text.substr(0, equals));
  refuse_lists(tree, steps, text);
  const auto source = std::make_shared<const std::string>("--set " + text);
  NodePtr over = read_yaml_value(checked_text(text.substr(equals + 1), *source), source);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step)
    over = single_entry(step->key, over, {source});
  // What is wrong with the whole is not this override's fault.
  auto root = std::make_shared<Node>(*merged_roots(tree, over));
  root->place = tree->place;
  return root;
}

}  // namespace

NodePtr with_overrides(NodePtr tree, const std::vector<std::string>& overrides) {
  for (const std::string& text : overrides) tree = with_override(tree, text);
  return tree;
}

}  // namespace lethe::config
