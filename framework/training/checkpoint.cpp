#include "framework/training/checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/training/checkpoint_files.h"

namespace lethe::training {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// What is wrong with a checkpoint; empty if nothing is.
std::string defect_of(const fs::path& folder) {
  const Json manifest = read_manifest(folder);
  try {
    const std::string defect = manifest_defect(manifest);
    return defect.empty() ? shard_defect(folder, manifest) : defect;
  } catch (const Json::exception&) {  // fields that are missing or of another type
    return "its manifest is damaged";
  }
}

struct Damaged {
  fs::path folder;
  std::string defect;
};

// Moved aside, not deleted: a part of it may still be of use.
void set_aside(const Damaged& damaged, const std::string& instead) {
  fs::path aside = damaged.folder;
  aside.replace_filename("corrupt-" + damaged.folder.filename().string());
  fs::remove_all(aside);
  fs::rename(damaged.folder, aside);
  base::warn_here("ckpt.corrupt", fmt::format("{}: {}; {}, moved to {}", damaged.folder.filename().string(),
                                              damaged.defect, instead, aside.filename().string()));
}

// The newest sound checkpoint; the damaged ones before it are set aside.
std::optional<fs::path> newest_sound(const fs::path& checkpoints) {
  std::vector<Damaged> damaged;
  std::optional<fs::path> sound;
  for (const fs::path& folder : checkpoints_newest_first(checkpoints)) {
    const std::string defect = defect_of(folder);
    if (defect.empty()) {
      sound = folder;
      break;
    }
    damaged.push_back({folder, defect});
  }
  const std::string instead =
      sound ? "using " + sound->filename().string() : std::string("starting from the beginning");
  for (const Damaged& one : damaged) set_aside(one, instead);
  return sound;
}

class ShardReader {
 public:
  // element_sizes: of weights, first and second moment, in bytes.
  ShardReader(const fs::path& folder, const Json& manifest, std::array<std::size_t, 3> element_sizes)
      : element_sizes_(element_sizes) {
    for (const Json& shard : manifest["shards"]) {
      files_.emplace_back(folder / shard["file"].get<std::string>(), std::ios::binary);
      for (const Json& p : shard["pieces"])
        pieces_.push_back({p["first"], p["count"], p["offset"], p["states"], files_.size() - 1});
    }
  }
  // State number `state` (0 weights, 1 and 2 moments) of canonical elements first … of one segment. Moments
  // of frozen weights are not there and stay as they are.
  void read(std::uint64_t state, std::uint64_t first, std::uint64_t count, std::byte* out) {
    for (const Piece& piece : pieces_) {
      const std::uint64_t begin = std::max(first, piece.first),
                          end = std::min(first + count, piece.first + piece.count);
      if (begin >= end || state >= piece.states) continue;
      std::ifstream& file = files_[piece.file];
      const std::size_t size = element_sizes_[state];
      std::uint64_t offset = piece.offset + (begin - piece.first) * size;
      for (std::uint64_t before = 0; before < state; ++before) offset += piece.count * element_sizes_[before];
      file.seekg(static_cast<std::streamoff>(offset));
      file.read(reinterpret_cast<char*>(out + (begin - first) * size),
                static_cast<std::streamsize>((end - begin) * size));
      if (!file) fail("io.read", "reading a checkpoint shard failed");
    }
  }

 private:
  struct Piece {
    std::uint64_t first, count, offset, states;
    std::size_t file;
  };
  std::array<std::size_t, 3> element_sizes_;
  std::vector<std::ifstream> files_;
  std::vector<Piece> pieces_;
};

// Those of a checkpoint without the word are the masters'.
void require_moments(const Json& manifest, const std::string& now, std::int64_t step) {
  const std::string saved = manifest.value("moments", "float32");
  if (saved != now)
    fail("ckpt.mismatch",
         fmt::format("train.optimizer.moments {} ≠ {} (the checkpoint of step {})", saved, now, step),
         "resume with the configuration it was made with, or start in another --out");
}

}  // namespace

std::optional<CheckpointInfo> find_checkpoint(const fs::path& checkpoints, dist::ProcessGroup& world) {
  std::int64_t step = -1;
  if (world.rank() == 0) {
    const auto folder = newest_sound(checkpoints);
    if (folder) step = checkpoint_step(*folder);
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
  require_moments(manifest, optimizer.options().moments, info.step);
  const auto weight_size = static_cast<std::size_t>(weights.master(0).element_size()),
             moment_size = static_cast<std::size_t>(optimizer.first_moment(0).element_size());
  ShardReader reader(info.folder, manifest, {weight_size, moment_size, moment_size});
  for (int s = 0; s < static_cast<int>(weights.index().segments().size()); ++s) {
    const sharding::ShardPart part = weights.layout().part(s, weights.grid().shard_rank());
    std::uint64_t number = 0;
    for (at::Tensor* state : {&weights.master(s), &optimizer.first_moment(s), &optimizer.second_moment(s)}) {
      if (state->numel() > 0) {
        at::Tensor values = state->cpu();  // itself, where it lies in host memory
        reader.read(number, part.first, part.valid, static_cast<std::byte*>(values.mutable_data_ptr()));
        if (!state->is_cpu()) state->copy_(values);
      }
      ++number;
    }
  }
  optimizer.set_steps_done(manifest["optimizer_steps"]);
  weights.weights_changed();
}

}  // namespace lethe::training
