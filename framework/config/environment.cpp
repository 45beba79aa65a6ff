#include "framework/config/environment.h"

#include <cstdlib>

#include "framework/base/error.h"
#include "framework/config/source_text.h"

namespace lethe::config {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view kWord = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

[[noreturn]] void refuse_reference(std::string_view reference, const Place& place) {
  fail("config.ref", fmt::format("{} is not a reference ({})", reference, place.text()),
       "write ${env:NAME} for an environment variable, $${ for a literal ${");
}

// The variable that a reference ("${env:HOME}") names.
std::string variable_value(std::string_view reference, const Place& place) {
  constexpr std::string_view kOpen = "${env:";
  if (!reference.starts_with(kOpen)) refuse_reference(reference, place);
  const std::string name(reference.substr(kOpen.size(), reference.size() - kOpen.size() - 1));
  const bool valid = !name.empty() && kLetters.find(name[0]) != std::string_view::npos &&
                     name.find_first_not_of(kWord) == std::string::npos;
  if (!valid) refuse_reference(reference, place);
  const char* value = std::getenv(name.c_str());
  if (!value) {
    fail("config.ref", fmt::format("environment variable {} is not set ({})", name, place.text()),
         "export it before starting lethe, on every node");
  }
  if (!is_utf8(value))  // what a run writes down must load again
    fail("config.ref", fmt::format("environment variable {} is not UTF-8 ({})", name, place.text()));
  return value;
}

std::string substituted(const Node& node) {
  const std::string_view text = node.scalar;
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find("${", at);
    if (open == std::string_view::npos) return result.append(text.substr(at));
    result.append(text.substr(at, open - at));
    if (open > at && text[open - 1] == '$') {  // "$${": one dollar is already there
      result.back() = '$', result += '{', at = open + 2;
      continue;
    }
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) refuse_reference(text.substr(open), node.place);
    result += variable_value(text.substr(open, close + 1 - open), node.place);
    at = close + 1;
  }
  return result;
}

NodePtr scalar_with_environment(const NodePtr& node) {
  if (node->scalar.find("${") == std::string::npos) return node;
  auto result = std::make_shared<Node>(*node);
  result->scalar = substituted(*node);
  if (node->scalar.find("${env:") != std::string::npos) result->quoted = false;
  return result;
}

}  // namespace

NodePtr with_environment(const NodePtr& tree) {
  if (tree->kind == Node::Kind::scalar) return scalar_with_environment(tree);
  if (tree->kind == Node::Kind::null) return tree;
  auto result = std::make_shared<Node>(*tree);
  for (NodePtr& item : result->items) item = with_environment(item);
  for (Entry& entry : result->entries) entry.value = with_environment(entry.value);
  return result;
}

std::string escaped_references(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at, 2) == "${") result += '$';
    result += text[at];
  }
  return result;
}

}  // namespace lethe::config
