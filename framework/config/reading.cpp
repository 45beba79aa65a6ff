#include "framework/config/reading.h"

#include <algorithm>
#include <charconv>

namespace lethe::config {
namespace {

const Node* step_into(const Node& node, const PathStep& step) {
  if (step.is_index) {
    std::size_t index = 0;
    std::from_chars(step.key.data(), step.key.data() + step.key.size(), index);
    return index < node.items.size() ? node.items[index].get() : nullptr;
  }
  const Entry* entry = node.find(step.key);
  return entry ? entry->value.get() : nullptr;
}

}  // namespace

const Node* Document::find(std::string_view path) const {
  const Node* node = root_.get();
  for (const PathStep& step : split_path(path)) {
    node = step_into(*node, step);
    if (!node) return nullptr;
  }
  return node;
}

const Entry* Document::entry(std::string_view path, std::string_view key) const {
  const Node* node = find(path);
  return node ? node->find(key) : nullptr;
}

void Document::ask(std::string_view section, std::string_view key) {
  auto& keys = asked_[std::string(section)];
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.emplace_back(key);
}

void Document::record(std::string_view section, std::string_view key, ReadKey read) {
  ask(section, key);
  const auto [place, is_new] = read_at_.try_emplace(read.path, reads_.size());
  if (is_new) {
    reads_.push_back(std::move(read));
  } else {
    reads_[place->second] = std::move(read);
  }
}

std::vector<std::string> Document::asked(std::string_view section) const {
  const auto found = asked_.find(section);
  return found == asked_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace lethe::config
