#include "framework/config/section.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/config/document_state.h"
#include "framework/config/values.h"

namespace lethe::config {
namespace {

std::string join_path(const std::string& path, std::string_view key) { return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key); }

Node* find_path(Node& root, const std::string& path) {
  Node* node = &root;
  for (std::size_t at = 0; node != nullptr && !path.empty() && at <= path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    node = node->find(path.substr(at, dot - at));
    at = dot + 1;
  }
  return node;
}

// The node of `key`, or null where it is absent; notes that it was asked for.
Node* ask(Document& document, const std::string& path, std::string_view key) {
  document.asked[path].insert(std::string(key));
  Node* mapping = find_path(document.root, path);
  return mapping == nullptr ? nullptr : mapping->find(key);
}

std::string quoted_list(std::span<const std::string> words) { return base::join(words, ", "); }

[[noreturn]] void unknown_word(const Node& node, const std::string& path, std::span<const std::string> allowed) {
  std::string hint = base::did_you_mean(node.text, allowed);
  if (!hint.empty()) hint += " ";
  fail("config.unknown", fmt::format("{}: {}: `{}` is not one of its values", node.place, path, node.text), hint + "Allowed: " + quoted_list(allowed));
}

void check_word(const Document& document, const Node& node, const std::string& path, const std::string& word, std::span<const std::string> allowed) {
  if (!document.reference && std::ranges::find(allowed, word) == allowed.end()) unknown_word(node, path, allowed);
}

}  // namespace

Section::Section() : document_(std::make_shared<Document>()) { document_->root.kind = Node::Kind::map; }
Section::Section(std::shared_ptr<Document> document, std::string path) : document_(std::move(document)), path_(std::move(path)) {}

bool Section::has(std::string_view key) const {
  const Node* mapping = find_path(document_->root, path_);
  return mapping != nullptr && mapping->find(key) != nullptr;
}

bool Section::empty() const {
  const Node* mapping = find_path(document_->root, path_);
  return mapping == nullptr || mapping->members.empty();
}

template <class T>
Section& Section::optional(std::string_view key, T& value, std::string_view help, Range range) {
  const std::string path = join_path(path_, key);
  ReadKey read{.path = path, .type = type_name<T>(), .default_value = to_yaml(value), .help = std::string(help)};
  if (const Node* node = ask(*document_, path_, key)) read_value(*node, path, range, value);
  read.value = to_yaml(value);
  document_->record(std::move(read));
  return *this;
}

template <class T>
Section& Section::required(std::string_view key, T& value, std::string_view help, Range range) {
  if (!has(key) && !document_->reference) fail("config.required", fmt::format("{} is not set", join_path(path_, key)), std::string(help));
  optional(key, value, help, range);
  for (ReadKey& read : document_->reads)
    if (read.path == join_path(path_, key)) read.default_value = "required";
  return *this;
}

template <class T>
Section& Section::maybe(std::string_view key, std::optional<T>& value, std::string_view help, Range range) {
  const std::string path = join_path(path_, key);
  ReadKey read{.path = path, .type = type_name<T>(), .default_value = "none", .help = std::string(help)};
  const Node* node = ask(*document_, path_, key);
  if (node != nullptr && node->kind != Node::Kind::null) {
    T given{};
    read_value(*node, path, range, given);
    value = given;
  }
  if (value) read.value = to_yaml(*value);
  document_->record(std::move(read));
  return *this;
}

#define LETHE_CONFIG_TYPE(T)                                                                  \
  template Section& Section::optional(std::string_view, T&, std::string_view, Range);        \
  template Section& Section::required(std::string_view, T&, std::string_view, Range);        \
  template Section& Section::maybe(std::string_view, std::optional<T>&, std::string_view, Range);
LETHE_CONFIG_TYPE(bool)
LETHE_CONFIG_TYPE(std::int64_t)
LETHE_CONFIG_TYPE(std::uint64_t)
LETHE_CONFIG_TYPE(double)
LETHE_CONFIG_TYPE(std::string)
LETHE_CONFIG_TYPE(std::vector<std::int64_t>)
LETHE_CONFIG_TYPE(std::vector<double>)
LETHE_CONFIG_TYPE(std::vector<std::string>)
#undef LETHE_CONFIG_TYPE

Section& Section::choice(std::string_view key, std::string& value, std::span<const std::string> allowed, std::string_view help) {
  const std::string path = join_path(path_, key);
  optional(key, value, help);
  if (const Node* node = ask(*document_, path_, key)) check_word(*document_, *node, path, value, allowed);
  for (ReadKey& read : document_->reads)
    if (read.path == path) read.type = "one of " + quoted_list(allowed);
  return *this;
}

Section& Section::choice(std::string_view key, std::string& value, std::initializer_list<std::string> allowed, std::string_view help) {
  const std::vector<std::string> words(allowed);
  return choice(key, value, std::span<const std::string>(words), help);
}

Section Section::section(std::string_view key, std::string_view) {
  const std::string path = join_path(path_, key);
  const Node* node = ask(*document_, path_, key);
  if (node != nullptr && node->kind != Node::Kind::map && node->kind != Node::Kind::null)
    fail("config.type", fmt::format("{}: {} is a mapping of keys to values", node->place, path));
  return Section(document_, path);
}

Section Section::named(std::string_view key, std::string& name, std::span<const std::string> allowed, std::string_view help) {
  Node* node = ask(*document_, path_, key);
  if (node != nullptr && node->kind == Node::Kind::scalar) {
    Node map{.kind = Node::Kind::map, .place = node->place};
    map.members.push_back({"name", node->place, *node});
    *node = std::move(map);
  }
  Section inner = section(key, help);
  const std::string path = join_path(inner.path_, "name");
  if (node == nullptr && name.empty() && !document_->reference)
    fail("config.required", fmt::format("{} is not set", inner.path_), "one of " + quoted_list(allowed));
  inner.optional("name", name, help);
  if (const Node* word = ask(*document_, inner.path_, "name")) check_word(*document_, *word, path, name, allowed);
  for (ReadKey& read : document_->reads)
    if (read.path == path) read.type = "one of " + quoted_list(allowed);
  return inner;
}

void Section::reject_unknown() const {
  const Node* mapping = find_path(document_->root, path_);
  if (mapping == nullptr) return;
  const std::set<std::string>& asked = document_->asked[path_];
  for (const Node::Member& member : mapping->members) {
    if (asked.contains(member.key)) continue;
    const std::vector<std::string> known(asked.begin(), asked.end());
    const auto near = base::closest_name(member.key, known);
    fail("config.unknown", fmt::format("{}: {} is not a setting{}", member.place, join_path(path_, member.key), near ? "; did you mean " + *near : ""),
         known.empty() ? "" : "known here: " + quoted_list(known));
  }
}

void Section::refuse(std::string_view key, std::string error_key, std::string message, std::string hint) const {
  const Node* mapping = find_path(document_->root, path_);
  const Node* node = mapping == nullptr ? nullptr : mapping->find(key);
  const std::string place = node == nullptr ? "" : node->place + ": ";
  fail(std::move(error_key), fmt::format("{}{}: {}", place, join_path(path_, key), message), std::move(hint));
}

}  // namespace lethe::config
