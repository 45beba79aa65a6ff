#include "framework/config/document.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/config/document_state.h"

namespace lethe::config {
namespace {

namespace fs = std::filesystem;

void check_readable(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) fail(errno == EACCES ? "config.permission" : "config.missing", fmt::format("cannot open {}: {}", file.string(), std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) fail("config.notfile", fmt::format("{} is a directory", file.string()));
  if (::access(file.c_str(), R_OK) != 0) fail("config.permission", fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
}

Node root_of(Node root, const std::string& name) {
  if (root.kind == Node::Kind::null) fail("config.empty", fmt::format("{} has no content", name));
  if (root.kind != Node::Kind::map) fail("config.type", fmt::format("{}: a configuration is a mapping of keys to values", root.place));
  return root;
}

std::string without_bom(std::string text) { return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text; }

// `chain`: the files that led here, to find cycles.
Node load_tree(const fs::path& file, std::vector<std::string> chain) {
  check_readable(file);
  const std::string key = fs::weakly_canonical(file).string();
  std::vector<std::string> names;
  for (const std::string& seen : chain) names.push_back(fs::path(seen).filename().string());
  names.push_back(file.filename().string());
  if (std::ranges::find(chain, key) != chain.end()) fail("config.cycle", base::join(names, " → "));
  chain.push_back(key);

  Node tree = root_of(parse_yaml(without_bom(base::read_file(file, 16 << 20)), file.string()), file.string());
  resolve_environment(tree);
  const auto extends = std::ranges::find(tree.members, "extends", &Node::Member::key);
  if (extends == tree.members.end()) return tree;
  const Node parent = extends->value;
  tree.members.erase(extends);
  if (parent.kind != Node::Kind::scalar) fail("config.type", fmt::format("{}: extends: expected the path of one file", parent.place));
  Node base = load_tree(file.parent_path() / parent.text, chain);
  merge(base, std::move(tree));
  return base;
}

Section finished(Node tree, const std::vector<std::string>& overrides) {
  for (const std::string& assignment : overrides) apply_override(tree, assignment);
  auto document = std::make_shared<Document>();
  document->root = std::move(tree);
  return Section(document, "");
}

struct Printed {  // the effective configuration, as nested keys in reading order
  std::string value;
  std::vector<std::pair<std::string, Printed>> members;
  Printed& at(const std::string& key) {
    for (auto& [name, printed] : members)
      if (name == key) return printed;
    return members.emplace_back(key, Printed{}).second;
  }
  void write(std::string& out, int indent) const {
    for (const auto& [key, printed] : members) {
      out += std::string(indent, ' ') + key + ":";
      if (printed.members.empty()) out += " " + printed.value + "\n";
      else out += "\n", printed.write(out, indent + 2);
    }
  }
};

}  // namespace

Section load(const fs::path& file, const std::vector<std::string>& overrides) { return finished(load_tree(file, {}), overrides); }

Section parse(const std::string& yaml, const std::string& name, const std::vector<std::string>& overrides) {
  Node tree = root_of(parse_yaml(without_bom(yaml), name), name);
  resolve_environment(tree);
  return finished(std::move(tree), overrides);
}

const std::vector<ReadKey>& keys_read(const Section& section) { return section.document()->reads; }

std::string effective_yaml(const Section& root) {
  Printed all;
  for (const ReadKey& read : keys_read(root)) {
    if (read.value.empty()) continue;  // optional and not given
    Printed* place = &all;
    for (std::size_t at = 0; at <= read.path.size();) {
      const std::size_t dot = std::min(read.path.find('.', at), read.path.size());
      place = &place->at(read.path.substr(at, dot - at));
      at = dot + 1;
    }
    place->value = read.value;
  }
  std::string out;
  all.write(out, 0);
  return out;
}

Section for_reference() {
  auto document = std::make_shared<Document>();
  document->root.kind = Node::Kind::map;
  document->reference = true;
  return Section(document, "");
}

}  // namespace lethe::config
