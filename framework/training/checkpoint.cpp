#include "framework/training/checkpoint.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"

namespace lethe::training {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

struct Piece {  // one segment's part in a rank's file: weights, first moments, second moments, each [count]
                // of `dtype`
  std::uint64_t first = 0, count = 0, offset = 0;
};

std::string shard_name(int rank) { return fmt::format("shard-{:05}.bin", rank); }

std::vector<const at::Tensor*> states_of(sharding::WeightStore& weights, optim::AdamW& optimizer,
                                         int segment) {
  return {&weights.master(segment), &optimizer.first_moment(segment), &optimizer.second_moment(segment)};
}

// Only one replica writes: the ranks of the first shard group hold everything between them.
bool writes(sharding::WeightStore& weights) {
  return weights.grid().world().rank() < weights.grid().shard_size();
}

Json write_shard(const fs::path& folder, sharding::WeightStore& weights, optim::AdamW& optimizer) {
  const std::string name = shard_name(weights.grid().shard_rank());
  std::ofstream file(folder / name, std::ios::binary);
  base::Hasher hasher;
  Json pieces = Json::array();
  std::uint64_t offset = 0;
  for (int s = 0; s < static_cast<int>(weights.index().segments().size()); ++s) {
    const sharding::ShardPart part = weights.layout().part(s, weights.grid().shard_rank());
    pieces.push_back({{"first", part.first}, {"count", part.valid}, {"offset", offset}});
    for (const at::Tensor* state : states_of(weights, optimizer, s)) {
      const std::span bytes(static_cast<const std::byte*>(state->const_data_ptr()),
                            part.valid * state->element_size());
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      hasher.add(bytes);
      offset += bytes.size();
    }
  }
  file.close();
  if (!file)
    fail(errno == ENOSPC || errno == EDQUOT ? "io.space" : "io.write",
         fmt::format("cannot write {}: {}", (folder / name).string(), std::strerror(errno)));
  base::fsync_path(folder / name);
  return {{"file", name}, {"hash", hasher.hex()}, {"bytes", offset}, {"pieces", pieces}};
}

// Every writer leaves its entry beside its shard; rank 0 gathers them into the manifest, so no text travels
// between ranks.
void write_entry(const fs::path& folder, const Json& entry) {
  base::write_file_atomically(folder / (entry["file"].get<std::string>() + ".json"), entry.dump());
}

Json gather_entries(const fs::path& folder, int shard_size) {
  Json entries = Json::array();
  for (int rank = 0; rank < shard_size; ++rank) {
    const fs::path file = folder / (shard_name(rank) + ".json");
    entries.push_back(Json::parse(base::read_file(file)));
    fs::remove(file);
  }
  return entries;
}

std::int64_t step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with("step-") || name.find_first_not_of("0123456789", 5) != std::string::npos ||
      name.size() == 5)
    return -1;
  return std::stoll(name.substr(5));
}

std::vector<fs::path> newest_first(const fs::path& checkpoints) {
  std::vector<fs::path> folders;
  if (fs::is_directory(checkpoints)) {
    for (const auto& entry : fs::directory_iterator(checkpoints))
      if (step_of(entry.path()) >= 0) folders.push_back(entry.path());
  }
  std::ranges::sort(folders, std::greater<>(), step_of);
  return folders;
}

std::string defect_of(const fs::path& folder, const Json& manifest) {
  for (const Json& shard : manifest["shards"]) {
    const fs::path file = folder / shard["file"].get<std::string>();
    if (!fs::exists(file)) return shard["file"].get<std::string>() + " is missing";
    base::Hasher hasher;
    if (fs::file_size(file) != shard["bytes"].get<std::uint64_t>())
      return shard["file"].get<std::string>() + " has another size";
    std::ifstream in(file, std::ios::binary);
    std::vector<char> buffer(1 << 20);
    while (in) {
      in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      hasher.add(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(in.gcount()))));
    }
    if (hasher.hex() != shard["hash"].get<std::string>())
      return shard["file"].get<std::string>() + " has another hash";
  }
  return "";
}

Json read_manifest(const fs::path& folder) {
  const Json manifest =
      Json::parse(base::read_file(folder / "manifest.json"), nullptr, /*allow_exceptions=*/false);
  if (manifest.is_discarded() || !manifest.contains("schema")) return Json();
  if (manifest["schema"].get<int>() > kSchema)
    fail("ckpt.schema", fmt::format("{}: written by schema {}, this is {}", folder.string(),
                                    manifest["schema"].get<int>(), kSchema));
  return manifest;
}

// The newest sound checkpoint; the damaged ones before it are moved aside, not deleted.
std::optional<fs::path> newest_sound(const fs::path& checkpoints) {
  for (const fs::path& folder : newest_first(checkpoints)) {
    const Json manifest = fs::exists(folder / "manifest.json") ? read_manifest(folder) : Json();
    const std::string defect = manifest.is_null() ? "its manifest is damaged" : defect_of(folder, manifest);
    if (defect.empty()) return folder;
    fs::path aside = folder;
    aside.replace_filename("corrupt-" + folder.filename().string());
    fs::remove_all(aside);
    fs::rename(folder, aside);
    spdlog::warn("warning[ckpt.corrupt]: {}: {}; moved to {}", folder.filename().string(), defect,
                 aside.filename().string());
  }
  return std::nullopt;
}

class ShardReader {
 public:
  ShardReader(const fs::path& folder, const Json& manifest, std::size_t element_size)
      : element_size_(element_size) {
    for (const Json& shard : manifest["shards"]) {
      files_.emplace_back(folder / shard["file"].get<std::string>(), std::ios::binary);
      for (const Json& p : shard["pieces"])
        pieces_.push_back({{p["first"], p["count"], p["offset"]}, files_.size() - 1});
    }
    std::ranges::sort(pieces_, {}, [](const auto& p) { return p.first.first; });
  }
  // State number `state` (0 weights, 1 and 2 moments) of canonical elements first … of one segment.
  void read(int state, std::uint64_t first, std::uint64_t count, std::byte* out) {
    for (const auto& [piece, file] : pieces_) {
      const std::uint64_t begin = std::max(first, piece.first),
                          end = std::min(first + count, piece.first + piece.count);
      if (begin >= end) continue;
      files_[file].seekg(static_cast<std::streamoff>(
          piece.offset + (state * piece.count + begin - piece.first) * element_size_));
      files_[file].read(reinterpret_cast<char*>(out + (begin - first) * element_size_),
                        static_cast<std::streamsize>((end - begin) * element_size_));
      if (!files_[file]) fail("io.read", "reading a checkpoint shard failed");
    }
  }

 private:
  std::size_t element_size_;
  std::vector<std::ifstream> files_;
  std::vector<std::pair<Piece, std::size_t>> pieces_;
};

}  // namespace

CheckpointInfo save_checkpoint(const fs::path& checkpoints, std::int64_t step, const std::string& identity,
                               const std::string& state, sharding::WeightStore& weights,
                               optim::AdamW& optimizer, dist::ProcessGroup& world, std::int64_t keep) {
  CheckpointInfo info{.step = step,
                      .identity = identity,
                      .state = state,
                      .folder = checkpoints / fmt::format("step-{}", step)};
  const fs::path aside = checkpoints / fmt::format("writing-{}", step);
  if (world.rank() == 0) {
    fs::remove_all(aside);
    fs::create_directories(aside);
  }
  world.barrier();  // the folder is there
  if (writes(weights)) write_entry(aside, write_shard(aside, weights, optimizer));
  world.barrier();  // every shard is on disk
  if (world.rank() == 0) {
    const Json shards = gather_entries(aside, weights.grid().shard_size());
    for (const Json& shard : shards) info.bytes += shard["bytes"].get<std::uint64_t>();
    const Json manifest = {
        {"schema", kSchema},    {"step", step},   {"optimizer_steps", optimizer.steps_done()},
        {"identity", identity}, {"state", state}, {"shards", shards}};
    base::write_file_atomically(aside / "manifest.json", manifest.dump(1));
    fs::remove_all(info.folder);
    base::publish_folder(aside, info.folder);
    const auto folders = newest_first(checkpoints);
    for (std::size_t i = static_cast<std::size_t>(keep); i < folders.size(); ++i) fs::remove_all(folders[i]);
  }
  world.barrier();  // published: a rank that is told to stop now leaves a complete checkpoint
  return info;
}

std::optional<CheckpointInfo> find_checkpoint(const fs::path& checkpoints, dist::ProcessGroup& world) {
  std::int64_t step = -1;
  if (world.rank() == 0) {
    const auto folder = newest_sound(checkpoints);
    if (folder) step = step_of(*folder);
  }
  world.broadcast({&step, 1, dist::DType::i64}, 0);
  if (step < 0) return std::nullopt;
  const fs::path folder = checkpoints / fmt::format("step-{}", step);
  const Json manifest = read_manifest(folder);
  return CheckpointInfo{
      .step = step, .identity = manifest["identity"], .state = manifest["state"], .folder = folder};
}

void load_checkpoint(const CheckpointInfo& info, const std::string& identity, sharding::WeightStore& weights,
                     optim::AdamW& optimizer) {
  if (info.identity != identity)
    fail("ckpt.mismatch",
         fmt::format("{} was made with another model, data or objective", info.folder.string()),
         "resume with the configuration it was made with, or start in another --out");
  const Json manifest = read_manifest(info.folder);
  ShardReader reader(info.folder, manifest, weights.master(0).element_size());
  for (int s = 0; s < static_cast<int>(weights.index().segments().size()); ++s) {
    const sharding::ShardPart part = weights.layout().part(s, weights.grid().shard_rank());
    const auto states = states_of(weights, optimizer, s);
    for (int state = 0; state < 3; ++state)
      reader.read(state, part.first, part.valid, static_cast<std::byte*>(states[state]->mutable_data_ptr()));
  }
  optimizer.set_steps_done(manifest["optimizer_steps"]);
  weights.weights_changed();
}

}  // namespace lethe::training
