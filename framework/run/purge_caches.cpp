#include "framework/run/purge_caches.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/data/mapped_file.h"
#include "framework/data/token_part.h"
#include "framework/data/token_store.h"

namespace lethe::run {
namespace {

// A damaged store may hold any of them.
std::uint64_t num_in_part(const data::StoredPart& part, const std::set<std::string>& sample_ids) {
  if (!part.damage.empty()) return sample_ids.size();
  const auto count =
      std::ranges::count_if(part.sample_ids, [&](const std::string& id) { return sample_ids.contains(id); });
  return static_cast<std::uint64_t>(count);
}

HeldFile removed(const std::filesystem::path& file, std::string reason, std::uint64_t num_samples) {
  return {.path = std::filesystem::absolute(file).generic_string(),
          .action = PurgeAction::remove,
          .reason = std::move(reason),
          .bytes = std::filesystem::file_size(file),
          .hash_before = base::hash_file(file),
          .num_forget_samples = num_samples};
}

}  // namespace

std::uint64_t num_held(const std::filesystem::path& file, const std::set<std::string>& sample_ids) {
  for (const data::StoredPart& part : data::list_stored_parts(file.parent_path()))
    if (part.path == file) return num_in_part(part, sample_ids);
  return sample_ids.size();
}

std::vector<HeldFile> held_by_cache(const std::filesystem::path& folder,
                                    const std::set<std::string>& sample_ids) {
  if (!std::filesystem::is_directory(folder))
    fail("run.missing", fmt::format("{} is no folder of caches", folder.string()));
  std::vector<HeldFile> held;
  for (const data::StoredPart& part : data::list_stored_parts(folder))
    if (const auto count = num_in_part(part, sample_ids); count > 0)
      held.push_back(removed(part.path, "tokens of samples", count));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("reference-") && name.ends_with(".bin"))
      held.push_back(removed(entry.path(), "log-probabilities of the forget set of this or another run",
                             sample_ids.size()));
  }
  std::ranges::sort(held, {}, &HeldFile::path);
  return held;
}

void gather_tokens(const std::filesystem::path& folder, const std::set<std::string>& sample_ids,
                   TraceSearch& traces) {
  if (!std::filesystem::is_directory(folder)) return;
  for (const data::StoredPart& stored : data::list_stored_parts(folder)) {
    auto file = data::MappedFile::open(stored.path);
    if (!stored.damage.empty() || !file) continue;
    const data::TokenPart part(std::move(*file), stored.path.string());
    for (std::int64_t i = 0; i < part.size(); ++i)
      if (sample_ids.contains(std::string(part.sample_id(i)))) traces.add_tokens(part.ids(i));
  }
}

}  // namespace lethe::run
