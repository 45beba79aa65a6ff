#include "framework/models/model_path.h"

#include <algorithm>
#include <cstdlib>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_plain_word(std::string_view word) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  return !word.empty() && word.front() != '.' && std::ranges::all_of(word, plain);
}

// "org/name" or "name", as the hub allows; "./x", "/x" and "a/b/c" are paths and nothing else.
bool is_hub_name(std::string_view model) {
  const auto slash = model.find('/');
  if (slash == model.npos) return is_plain_word(model);
  return is_plain_word(model.substr(0, slash)) && is_plain_word(model.substr(slash + 1));
}

fs::path cached_model(const fs::path& cache, std::string_view model) {
  std::string folder = "models--";
  for (const char c : model) folder += c == '/' ? "--" : std::string(1, c);
  return cache / folder;
}

std::vector<std::string> snapshots_in(const fs::path& folder) {
  std::vector<std::string> commits;
  if (!fs::is_directory(folder / "snapshots")) return commits;
  for (const auto& entry : fs::directory_iterator(folder / "snapshots"))
    if (entry.is_directory()) commits.push_back(entry.path().filename().string());
  std::ranges::sort(commits);
  return commits;
}

// Of a model that was downloaded by a revision, which `main` does not name; "" if the cache has none.
std::string only_snapshot(const fs::path& folder) {
  const std::vector<std::string> commits = snapshots_in(folder);
  if (commits.size() > 1)
    fail("model.missing",
         fmt::format("{} has {} snapshots and no refs/main that names one of them: {}", folder.string(),
                     commits.size(), base::join(commits, ", ")),
         fmt::format("set model.path to one of them: {}", (folder / "snapshots" / commits.front()).string()));
  return commits.empty() ? "" : commits.front();
}

// The commit that `main` pointed to when the model was downloaded, or the only one; "" if the cache has none.
std::string commit_in(const fs::path& folder) {
  const fs::path reference = folder / "refs" / "main";
  if (!fs::exists(reference)) return only_snapshot(folder);
  if (!fs::is_regular_file(reference)) return "";
  std::string commit = base::read_file(reference, 4096);
  commit.erase(
      std::find_if_not(commit.begin(), commit.end(), [](unsigned char c) { return std::isalnum(c) != 0; }),
      commit.end());
  return commit;
}

[[noreturn]] void fail_not_cached(const std::string& model, const fs::path& cache) {
  fail("model.missing",
       fmt::format("{0} is not in the Hugging Face cache; this tool does not download: hf download {0}",
                   model),
       fmt::format("looked in {}; a directory named {} does not exist either", cache.string(), model));
}

}  // namespace

fs::path hub_cache_folder() {
  if (const auto folder = environment("HF_HUB_CACHE"); !folder.empty()) return folder;
  if (const auto folder = environment("HUGGINGFACE_HUB_CACHE"); !folder.empty()) return folder;
  if (const auto home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const auto cache = environment("XDG_CACHE_HOME"); !cache.empty())
    return fs::path(cache) / "huggingface" / "hub";
  return fs::path(environment("HOME")) / ".cache" / "huggingface" / "hub";
}

fs::path resolve_model_path(const std::string& model, const fs::path& cache) {
  if (fs::is_directory(model)) return model;
  if (fs::exists(model))
    fail("model.missing", fmt::format("{} is a file; a model is a directory", printable(model, 400)));
  if (!is_hub_name(model)) fail("model.missing", fmt::format("{} does not exist", printable(model, 400)));
  const fs::path folder = cached_model(cache, model);
  const std::string commit = commit_in(folder);
  if (commit.empty()) fail_not_cached(model, cache);
  const fs::path snapshot = folder / "snapshots" / commit;
  if (!fs::is_directory(snapshot)) fail_not_cached(model, cache);
  return snapshot;
}

}  // namespace lethe::models
