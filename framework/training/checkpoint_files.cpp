#include "framework/training/checkpoint_files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::training {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

// Whether the pieces of a shard fill its file, with this many bytes of a weight and of a moment.
bool fills_file(const Json& shard, std::uint64_t weight, std::uint64_t moment) {
  std::uint64_t end = 0;
  for (const Json& piece : shard.at("pieces")) {
    if (piece.at("offset").get<std::uint64_t>() != end) return false;
    end += piece.at("count").get<std::uint64_t>() *
           (weight + (piece.at("states").get<std::uint64_t>() - 1) * moment);
  }
  return end == shard.at("bytes").get<std::uint64_t>();
}

bool pieces_fill_files(const Json& manifest) {
  const bool narrow = manifest.value("moments", "float32") == "bfloat16";
  return std::ranges::any_of(std::array<std::uint64_t, 2>{4, 8}, [&](std::uint64_t weight) {
    return std::ranges::all_of(manifest.at("shards"), [&](const Json& shard) {
      return fills_file(shard, weight, narrow ? 2 : weight);
    });
  });
}

// Ranges of the canonical order, from its beginning on.
bool pieces_follow_each_other(const Json& manifest) {
  std::map<std::uint64_t, std::uint64_t> counts;
  for (const Json& shard : manifest.at("shards"))
    for (const Json& piece : shard.at("pieces"))
      if (const auto count = piece.at("count").get<std::uint64_t>(); count > 0)
        if (!counts.emplace(piece.at("first").get<std::uint64_t>(), count).second) return false;
  std::uint64_t end = 0;
  for (const auto& [first, count] : counts)
    if (first != std::exchange(end, first + count)) return false;
  return true;
}

}  // namespace

std::string shard_name(int shard_rank) { return fmt::format("shard-{:05}.bin", shard_rank); }

std::int64_t checkpoint_step(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with("step-") || name.find_first_not_of("0123456789", 5) != std::string::npos ||
      name.size() == 5 || name.size() > 23)
    return -1;
  return std::stoll(name.substr(5));
}

std::vector<fs::path> checkpoints_newest_first(const fs::path& checkpoints) {
  std::vector<fs::path> folders;
  if (fs::is_directory(checkpoints)) {
    for (const auto& entry : fs::directory_iterator(checkpoints))
      if (checkpoint_step(entry.path()) >= 0) folders.push_back(entry.path());
  }
  std::ranges::sort(folders, std::greater<>(), checkpoint_step);
  return folders;
}

Json read_manifest(const fs::path& folder) {
  if (!fs::exists(folder / "manifest.json")) return Json();
  const Json manifest =
      Json::parse(base::read_file(folder / "manifest.json"), nullptr, /*allow_exceptions=*/false);
  if (manifest.is_discarded() || !manifest.is_object() || !manifest.contains("schema") ||
      !manifest["schema"].is_number_integer())
    return Json();
  if (manifest["schema"].get<int>() != kCheckpointSchema)
    fail("ckpt.schema", fmt::format("{}: written by schema {}, this is {}", folder.string(),
                                    manifest["schema"].get<int>(), kCheckpointSchema));
  return manifest;
}

std::string manifest_hash(Json manifest) {
  manifest.erase("hash");
  return base::hash_text(manifest.dump());
}

std::string manifest_defect(const Json& manifest) {
  const bool typed = manifest.at("identity").is_string() && manifest.at("state").is_string() &&
                     manifest.at("optimizer_steps").is_number_integer();
  const bool sound = manifest.contains("hash")
                         ? manifest.at("hash").get<std::string>() == manifest_hash(manifest)
                         : pieces_fill_files(manifest) && pieces_follow_each_other(manifest);
  return typed && sound ? "" : "its manifest is damaged";
}

std::string shard_defect(const fs::path& folder, const Json& manifest) {
  for (const Json& shard : manifest.at("shards")) {
    const auto name = shard.at("file").get<std::string>();
    const fs::path file = folder / name;
    if (!fs::exists(file)) return name + " is missing";
    if (fs::file_size(file) != shard.at("bytes").get<std::uint64_t>()) return name + " has another size";
    base::Hasher hasher;
    std::ifstream in(file, std::ios::binary);
    std::vector<char> buffer(1 << 20);
    while (in) {
      in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      hasher.add(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(in.gcount()))));
    }
    if (hasher.hex() != shard.at("hash").get<std::string>()) return name + " has another hash";
  }
  return "";
}

std::optional<BestCheckpoint> read_best(const fs::path& checkpoints) {
  const fs::path file = checkpoints / "best.json";
  if (!fs::exists(file)) return std::nullopt;
  const Json best = Json::parse(base::read_file(file), nullptr, /*allow_exceptions=*/false);
  if (best.is_discarded() || !best.contains("step") || !best.contains("value")) return std::nullopt;
  if (!best["value"].is_number()) return std::nullopt;
  return BestCheckpoint{.step = best["step"], .metric = best["metric"], .value = best["value"]};
}

void write_best(const fs::path& checkpoints, const BestCheckpoint& best) {
  const Json json = {{"step", best.step}, {"metric", best.metric}, {"value", best.value}};
  base::write_file_atomically(checkpoints / "best.json", json.dump(1));
}

bool is_better(double value, const std::optional<BestCheckpoint>& best, bool lower_is_better) {
  if (!std::isfinite(value)) return false;
  if (!best || !std::isfinite(best->value)) return true;
  return lower_is_better ? value < best->value : value > best->value;
}

void remove_old_checkpoints(const fs::path& checkpoints, std::int64_t keep_last) {
  const auto best = read_best(checkpoints);
  const auto folders = checkpoints_newest_first(checkpoints);
  for (std::size_t i = static_cast<std::size_t>(keep_last); i < folders.size(); ++i)
    if (!best || best->step != checkpoint_step(folders[i])) fs::remove_all(folders[i]);
}

}  // namespace lethe::training
