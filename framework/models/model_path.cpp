#include "framework/models/model_path.h"

#include <algorithm>
#include <cstdlib>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;

fs::path hub_cache() {
  const auto variable = [](const char* name) { const char* value = std::getenv(name); return std::string(value == nullptr ? "" : value); };
  if (const std::string cache = variable("HF_HUB_CACHE"); !cache.empty()) return cache;
  if (const std::string home = variable("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  return fs::path(variable("HOME")) / ".cache" / "huggingface" / "hub";
}

bool looks_like_a_hub_name(const std::string& path) { return std::ranges::count(path, '/') == 1 && !path.starts_with('.') && !path.starts_with('/') && !path.ends_with('/'); }

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text;
}

}  // namespace

fs::path resolve_model_path(const std::string& path) {
  if (fs::is_directory(path)) return path;
  if (!looks_like_a_hub_name(path)) fail("model.missing", fmt::format("{} is not a directory", path), "model.path is a Hugging Face directory, or a hub name in the local cache");
  std::string folder = "models--" + path;
  folder.replace(folder.find('/'), 1, "--");
  const fs::path repository = hub_cache() / folder;
  const fs::path reference = repository / "refs" / "main";
  const fs::path snapshot = fs::exists(reference) ? repository / "snapshots" / trimmed(base::read_file(reference, 4096)) : fs::path();
  if (snapshot.empty() || !fs::is_directory(snapshot))
    fail("model.missing", fmt::format("{} is not in the Hugging Face cache; this tool does not download: hf download {}", path, path));
  return snapshot;
}

}  // namespace lethe::models
