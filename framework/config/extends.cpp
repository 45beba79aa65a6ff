#include "framework/config/extends.h"

#include <algorithm>
#include <vector>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/config/environment.h"
#include "framework/config/merge.h"
#include "framework/config/source_text.h"
#include "framework/config/yaml_reader.h"

namespace lethe::config {
namespace {

namespace fs = std::filesystem;

struct Visit {
  fs::path canonical;  // two names of one file are one file
  std::string shown;
};

// Bounds the recursion over files that extend one another without a cycle.
constexpr std::size_t kMaxFiles = 100;

NodePtr parsed(const std::string& text, const std::string& name) {
  const auto source = std::make_shared<const std::string>(name);
  NodePtr root = read_yaml(checked_text(text, name), source);
  if (!root)
    fail("config.empty", fmt::format("{} has no content", name),
         "configs/smoke/ has small files to start from");
  if (root->kind != Node::Kind::mapping) {
    fail("config.type",
         fmt::format("{}: the configuration must be a mapping, found {}", root->place.text(),
                     described(*root)),
         "write `key: value`, with a space after the colon");
  }
  return root;
}

// "a.yaml → b.yaml → a.yaml"; with folders where they differ.
std::string chain_text(const std::vector<fs::path>& files) {
  const bool one_folder = std::all_of(files.begin(), files.end(), [&](const fs::path& file) {
    return file.parent_path() == files.front().parent_path();
  });
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(one_folder ? file.filename().string() : file.string());
  return base::join(names, " → ");
}

void check_cycle(const std::vector<Visit>& visits, const Visit& next) {
  const auto first = std::find_if(visits.begin(), visits.end(),
                                  [&](const Visit& visit) { return visit.canonical == next.canonical; });
  if (first == visits.end() && visits.size() < kMaxFiles) return;
  std::vector<fs::path> chain;
  for (auto visit = first == visits.end() ? visits.begin() : first; visit != visits.end(); ++visit) {
    chain.emplace_back(visit->shown);
  }
  chain.emplace_back(next.shown);
  fail("config.cycle", chain_text(chain), "a file cannot extend itself, directly or through others");
}

NodePtr read_file_tree(const fs::path& file, std::vector<Visit> visits, const std::string& asked_by);

NodePtr extended(const NodePtr& tree, const fs::path& folder, const std::vector<Visit>& visits) {
  const Entry* entry = tree->find("extends");
  if (!entry) return tree;
  const NodePtr target = with_environment(entry->value);
  if (target->kind != Node::Kind::scalar || target->scalar.empty()) {
    fail("config.type", fmt::format("{}: extends: {} is not the name of one file", target->place.text(),
                                    described(*target)));
  }
  const std::string asked_by = fmt::format(" (extended at {})", target->place.text());
  const NodePtr base = read_file_tree(path_beside(folder, target->scalar), visits, asked_by);
  return merged_roots(base, without(tree, "extends"));
}

NodePtr read_file_tree(const fs::path& file, std::vector<Visit> visits, const std::string& asked_by) {
  const std::string text = read_config_file(file, file.string(), asked_by);
  const Visit visit{fs::weakly_canonical(file), file.string()};
  check_cycle(visits, visit);
  visits.push_back(visit);
  return extended(parsed(text, file.string()), file.parent_path(), visits);
}

}  // namespace

fs::path path_beside(const fs::path& folder, const std::string& name) {
  const fs::path path = folder / name, shortest = path.lexically_normal();
  std::error_code error;
  return fs::weakly_canonical(path, error) == fs::weakly_canonical(shortest, error) ? shortest : path;
}

NodePtr read_with_extends(const fs::path& file) { return read_file_tree(file, {}, ""); }

NodePtr text_with_extends(const std::string& yaml, const std::string& name) {
  return extended(parsed(yaml, name), fs::path(), {});
}

}  // namespace lethe::config
