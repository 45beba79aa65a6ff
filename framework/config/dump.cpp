// The effective configuration: the record of what was read, written as a YAML mapping.
#include <charconv>
#include <memory>

#include "framework/config/document.h"
#include "framework/config/node.h"
#include "framework/config/reading.h"
#include "framework/config/yaml_text.h"

namespace lethe::config {
namespace {

// A tree of what was read. A step into a list is a branch whose key is its index, so order is that of
// reading.
struct Branch {
  PathStep step;
  std::string value;  // YAML; empty for a mapping or a list
  std::vector<Branch> below;
};

Branch& branch_of(Branch& parent, const PathStep& step) {
  for (Branch& child : parent.below) {
    if (child.step.key == step.key) return child;
  }
  return parent.below.emplace_back(Branch{step, "", {}});
}

bool is_section(const ReadKey& read) { return read.value.empty(); }

Branch branches(const std::vector<ReadKey>& reads) {
  Branch root;
  for (const ReadKey& read : reads) {
    if (is_section(read)) continue;  // appears with its first key; one in which nothing was read says nothing
    Branch* branch = &root;
    for (const PathStep& step : split_path(read.path)) branch = &branch_of(*branch, step);
    branch->value = read.value;
  }
  return root;
}

void write(const Branch& branch, std::size_t indent, std::string& text) {
  for (const Branch& child : branch.below) {
    text.append(indent, ' ');
    text += child.step.is_index ? "-" : yaml_text(child.step.key) + ":";
    if (child.below.empty()) {
      text += " " + child.value + "\n";
    } else {
      text += "\n";
      write(child, indent + 2, text);
    }
  }
}

}  // namespace

std::string effective_yaml(const Section& root) {
  std::string text;
  write(branches(keys_read(root)), 0, text);
  return text.empty() ? "{}\n" : text;
}

}  // namespace lethe::config
