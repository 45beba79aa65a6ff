// Dotted paths: joining, and splitting what a path or a `--set` names.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "framework/config/node.h"

namespace lethe::config {
namespace {

// Reads a quoted key that starts at `at` (on the quote); leaves `at` after the closing quote.
std::string quoted_key(std::string_view path, std::size_t& at) {
  std::string key;
  for (++at; at < path.size() && path[at] != '"'; ++at) {
    const bool escaped = path[at] == '\\' && at + 1 < path.size();
    key += path[escaped ? ++at : at];
  }
  if (at >= path.size()) throw std::invalid_argument("a quote is not closed");
  ++at;
  return key;
}

std::string in_quotes(std::string_view key) {
  std::string text = "\"";
  for (const char c : key) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

PathStep index_step(std::string_view path, std::size_t& at) {
  const std::size_t end = path.find(']', at);
  if (end == std::string_view::npos) throw std::invalid_argument("a bracket is not closed");
  std::string digits(path.substr(at + 1, end - at - 1));
  const bool number =
      !digits.empty() && digits.size() < 10 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!number) throw std::invalid_argument("[…] holds the number of a list's entry");
  at = end + 1;
  return {std::move(digits), true};
}

PathStep plain_step(std::string_view path, std::size_t& at) {
  const std::size_t end = std::min(path.find_first_of(".[\"", at), path.size());
  PathStep step{std::string(path.substr(at, end - at))};
  at = end;
  return step;
}

}  // namespace

std::string joined_path(std::string_view parent, std::string_view key) {
  const bool plain = !key.empty() && key.find_first_of(".[]\"") == std::string_view::npos;
  const std::string step = plain ? std::string(key) : in_quotes(key);
  return parent.empty() ? step : fmt::format("{}.{}", parent, step);
}

std::string item_path(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

std::vector<PathStep> split_path(std::string_view path) {
  std::vector<PathStep> steps;
  std::size_t at = 0;
  while (at < path.size()) {
    if (path[at] == '[') {
      steps.push_back(index_step(path, at));
    } else if (path[at] == '"') {
      steps.push_back({quoted_key(path, at)});
    } else {
      steps.push_back(plain_step(path, at));
      if (steps.back().key.empty()) throw std::invalid_argument("a name between dots is empty");
    }
    if (at == path.size() || path[at] == '[') continue;
    if (path[at] != '.' || at + 1 == path.size())
      throw std::invalid_argument("names are separated by one dot");
    ++at;
  }
  return steps;
}

}  // namespace lethe::config
