#include "framework/models/companion_files.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 9> kTokenizerFiles = {
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.model",    "vocab.json",
    "merges.txt",     "added_tokens.json",     "chat_template.jinja",     "chat_template.json",
};

bool is_tokenizer_file(std::string_view name) {
  return std::ranges::find(kTokenizerFiles, name) != kTokenizerFiles.end();
}

bool is_licence(std::string_view name) {
  return name.starts_with("LICENSE") || name.starts_with("NOTICE") || name.starts_with("USE_POLICY");
}

bool is_ours(std::string_view name) {
  const bool is_weights =
      name.starts_with("model") && (name.ends_with(".safetensors") || name.ends_with(".index.json"));
  return is_weights || is_tokenizer_file(name) || is_licence(name) || name == "config.json" ||
         name == "generation_config.json";
}

void copy_one(const fs::path& from, const fs::path& folder) {
  std::error_code error;
  fs::copy_file(from, folder / from.filename(), error);  // follows the links of the hub cache
  if (error)
    fail("io.write",
         fmt::format("cannot copy {} to {}: {}", from.string(), folder.string(), error.message()));
  base::fsync_path(folder / from.filename());
}

template <class Wanted>
void copy_files(const fs::path& directory, const fs::path& folder, Wanted wanted) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.is_regular_file() && wanted(entry.path().filename().string())) copy_one(entry.path(), folder);
  }
}

// transformers loads in the dtype that config.json states, so a wrong one would round the weights or double
// the memory.
std::string with_dtype(const std::string& text, std::string_view torch_dtype) {
  if (torch_dtype.empty()) return text;
  auto json = nlohmann::ordered_json::parse(text);
  bool changed = false;
  for (const char* key : {"torch_dtype", "dtype"}) {
    if (!json.contains(key) || json[key] == torch_dtype) continue;
    json[key] = torch_dtype;
    changed = true;
  }
  return changed ? json.dump(2) + "\n" : text;
}

}  // namespace

void write_companions(const std::optional<fs::path>& source, const HfConfig& config,
                      std::string_view torch_dtype, const fs::path& folder) {
  if (!source) {
    base::write_file_atomically(folder / "config.json", to_config_json(config, std::string(torch_dtype)));
    return;
  }
  (void)read_hf_config(*source);  // refuses what is not strict JSON before it is read loosely below
  const std::string text = base::read_file(*source / "config.json", 4 << 20);
  base::write_file_atomically(folder / "config.json", with_dtype(text, torch_dtype));
  copy_files(*source, folder, [](std::string_view name) {
    return is_tokenizer_file(name) || is_licence(name) || name == "generation_config.json";
  });
}

void replace_tokenizer(const fs::path& from, const fs::path& folder) {
  for (const std::string_view name : kTokenizerFiles) fs::remove(folder / name);
  copy_files(from, folder, is_tokenizer_file);
}

void require_replaceable(const fs::path& target, const std::optional<fs::path>& source) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(target, ignored))) return;
  const auto hint = "choose another name, or remove it first";
  if (source && fs::equivalent(*source, target))
    fail("out.exists", target.string() + " is the model itself", hint);
  if (!fs::is_directory(target))
    fail("out.exists", fmt::format("{} exists and is not a directory", target.string()), hint);
  for (const auto& entry : fs::directory_iterator(target)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && is_ours(name)) continue;
    fail("out.exists",
         fmt::format("{} exists and is no earlier export: it holds {}", target.string(), printable(name)),
         hint);
  }
}

void replace_folder(const fs::path& written, const fs::path& target) {
  const fs::path old = target.string() + ".old";
  std::error_code error;
  fs::remove_all(old, error);
  if (fs::exists(target)) fs::rename(target, old, error);
  if (error) base::fail_write(target, error.value());
  base::publish_folder(written, target);
  fs::remove_all(old, error);
}

}  // namespace lethe::models
