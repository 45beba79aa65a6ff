// Sections: navigation, nested mappings, named choices, and the refusal of what nobody asked for.
#include "framework/config/section.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/config/reading.h"
#include "framework/config/section_errors.h"
#include "framework/config/yaml_text.h"

namespace lethe::config {
namespace {

NodePtr empty_mapping() {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::mapping;
  return node;
}

bool holds_value(const Entry* entry) { return entry && entry->value->kind != Node::Kind::null; }

void record_section(Document& document, const std::string& path, std::string_view key, std::string type,
                    std::string_view help) {
  document.record(path, key, {joined_path(path, key), std::move(type), "", "", std::string(help)});
}

bool listed(std::span<const std::string> allowed, const std::string& word) {
  return std::find(allowed.begin(), allowed.end(), word) != allowed.end();
}

}  // namespace

Section::Section() : Section(std::make_shared<Document>(empty_mapping()), "") {}

Section::Section(std::shared_ptr<Document> document, std::string path)
    : document_(std::move(document)), path_(std::move(path)) {}

Section for_reference() {
  return Section(std::make_shared<Document>(empty_mapping(), /*reference=*/true), "");
}

bool Section::has(std::string_view key) const { return holds_value(document_->entry(path_, key)); }

bool Section::empty() const {
  const Node* node = document_->find(path_);
  return !node || node->entries.empty();
}

std::vector<std::string> Section::keys() const {
  std::vector<std::string> keys;
  if (const Node* node = document_->find(path_)) {
    for (const Entry& entry : node->entries) keys.push_back(entry.key);
  }
  return keys;
}

Section Section::section(std::string_view key, std::string_view help) {
  record_section(*document_, path_, key, "section", help);
  const std::string path = joined_path(path_, key);
  const Entry* entry = document_->entry(path_, key);
  if (holds_value(entry) && entry->value->kind != Node::Kind::mapping) {
    refuse_type(path, *entry->value, "is not a mapping", "write its keys below it, indented");
  }
  return Section(document_, path);
}

std::vector<Section> Section::sections(std::string_view key, std::string_view help) {
  record_section(*document_, path_, key, "list of sections", help);
  std::vector<Section> sections;
  const Entry* entry = document_->entry(path_, key);
  if (!holds_value(entry)) return sections;
  const std::string path = joined_path(path_, key);
  if (entry->value->kind != Node::Kind::list)
    refuse_type(path, *entry->value, "is not a list", "begin each entry with `- `");
  for (std::size_t i = 0; i < entry->value->items.size(); ++i) {
    const Node& item = *entry->value->items[i];
    if (item.kind == Node::Kind::null || item.kind == Node::Kind::list)
      refuse_type(item_path(path, i), item, "is not a mapping", "write an entry's keys behind `- `");
    sections.emplace_back(document_, item_path(path, i));
  }
  return sections;
}

// The mapping, or the word itself, may hold the name; `objective: npo` and `objective: {name: npo}` read the
// same.
Section Section::named(std::string_view key, std::string& name, std::span<const std::string> allowed,
                       std::string_view help) {
  const Entry* entry = document_->entry(path_, key);
  Section inner(document_, joined_path(path_, key));
  document_->ask(path_, key);
  if (holds_value(entry) && entry->value->kind == Node::Kind::list) {
    refuse_type(inner.path_, *entry->value, "is not a name, nor a mapping with one",
                fmt::format("write {}: {{name: …}}", key));
  }
  inner.named_here(name, allowed, help);
  return inner;
}

void Section::named_here(std::string& name, std::span<const std::string> allowed, std::string_view help) {
  const Node* node = document_->find(path_);
  if (!node || node->kind != Node::Kind::scalar) {
    return read_choice("name", name, allowed, help, /*required=*/name.empty());
  }
  const std::string default_value = name.empty() ? "required" : yaml_text(name);
  name = node->scalar;
  check_choice("name", name, *node, allowed);
  document_->record(path_, "name",
                    {joined_path(path_, "name"), type_of_choice(allowed), default_value, yaml_text(name),
                     std::string(help)});
}

void Section::reject_unknown() const {
  const Node* node = document_->find(path_);
  if (!node) return;
  const auto known = document_->asked(path_);
  for (const Entry& entry : node->entries) {
    if (!listed(known, entry.key)) refuse_unknown(*document_, path_, entry);
  }
}

void Section::refuse(std::string_view key, std::string error_key, std::string message,
                     std::string hint) const {
  const Entry* entry = key.empty() ? nullptr : document_->entry(path_, key);
  const Node* node = entry ? entry->value.get() : document_->find(path_);
  const std::string place = node ? node->place.text() : "";
  const std::string path = key.empty() ? path_ : joined_path(path_, key);
  std::string what;
  for (const std::string& part : {place, path}) {
    if (!part.empty()) what += part + ": ";
  }
  fail(std::move(error_key), what + message, std::move(hint));
}

}  // namespace lethe::config
