#include "framework/models/loader.h"

#include <algorithm>
#include <map>
#include <set>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;

std::set<std::string> shards_of(const fs::path& index_file) {
  const auto json = parse_strict_json(base::read_file(index_file, 256 << 20), index_file.filename().string(), "model.index");
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) fail("model.index", "model.safetensors.index.json has no weight_map");
  std::set<std::string> names;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string() || shard.get<std::string>().find('/') != std::string::npos) fail("model.index", fmt::format("{}: {} is not the name of a file beside the index", tensor, shard.dump()));
    names.insert(shard.get<std::string>());
  }
  return names;
}

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace

ModelFiles::ModelFiles(const fs::path& directory, const ParameterIndex& index) : index_(index) {
  map_shards(directory);
  std::map<std::string_view, const TensorView*> by_name;
  for (const SafetensorsFile& file : files_) {
    for (const TensorView& tensor : file.tensors())
      if (!by_name.emplace(tensor.name, &tensor).second) fail("safetensors.duplicate", fmt::format("{} appears twice", tensor.name));
  }
  std::vector<std::string> missing;
  for (const Parameter& p : index.parameters()) {
    const auto found = by_name.find(p.name);
    tensors_.push_back(found == by_name.end() ? nullptr : found->second);
    if (found == by_name.end()) missing.push_back(p.name);
    else if (found->second->shape != p.shape) fail("model.shape", fmt::format("{}: {} in the file, {} by config.json", p.name, shape_text(found->second->shape), shape_text(p.shape)));
  }
  if (missing == std::vector<std::string>{"lm_head.weight"}) fail("model.tied", "lm_head.weight missing; set tie_word_embeddings: true if it is tied");
  if (!missing.empty()) fail("model.tensor", fmt::format("missing {} (first: {})", missing.size(), missing.front()));
  if (const auto extra = by_name.size() - index.parameters().size(); extra > 0) base::warn_once("model.tensor", fmt::format("{} tensors of the model directory are not used", extra));
}

void ModelFiles::map_shards(const fs::path& directory) {
  const fs::path single = directory / "model.safetensors", sharded = directory / "model.safetensors.index.json";
  if (fs::is_symlink(single) && !fs::exists(single)) fail("model.blob", "snapshot link points to a missing blob (unfinished download)", single.string());
  if (fs::exists(single)) return void(files_.emplace_back(single));
  if (!fs::exists(sharded)) {
    if (fs::exists(directory / "pytorch_model.bin") || fs::exists(directory / "pytorch_model.bin.index.json"))
      fail("model.pickle", "pickle weights are not read for safety; convert to safetensors", "from transformers: model.save_pretrained(dir, safe_serialization=True)");
    fail("model.missing", fmt::format("{} has no model.safetensors", directory.string()));
  }
  for (const std::string& name : shards_of(sharded)) {
    if (!fs::exists(directory / name)) fail("model.shard", fmt::format("{} is listed but not there", name));
    files_.emplace_back(directory / name);
  }
}

void ModelFiles::read(std::uint64_t first, std::span<float> out) const {
  float* at = out.data();
  for_each_piece(index_, first, out.size(), [&](int parameter, std::uint64_t inside, std::uint64_t count) {
    read_floats(*tensors_[parameter], inside, {at, count});
    at += count;
  });
}

std::string ModelFiles::hash() const {
  constexpr std::size_t kSample = 1 << 16;  // bytes at both ends of every tensor: cheap, and any training step changes them
  base::Hasher hasher;
  for (const TensorView* tensor : tensors_) {
    hasher.add(tensor->name).add(name_of(tensor->dtype)).add(shape_text(tensor->shape));
    hasher.add(tensor->data.first(std::min(kSample, tensor->data.size())));
    hasher.add(tensor->data.last(std::min(kSample, tensor->data.size())));
  }
  return hasher.hex();
}

FileDType ModelFiles::dtype_of_most() const {
  std::map<FileDType, std::uint64_t> bytes;
  for (const TensorView* tensor : tensors_) bytes[tensor->dtype] += tensor->count();
  return std::ranges::max_element(bytes, {}, [](const auto& pair) { return pair.second; })->first;
}

void for_each_piece(const ParameterIndex& index, std::uint64_t first, std::uint64_t count, const std::function<void(int, std::uint64_t, std::uint64_t)>& visit) {
  const auto& parameters = index.parameters();
  auto it = std::ranges::upper_bound(parameters, first, {}, &Parameter::first) - 1;
  const std::uint64_t end = first + count;
  while (first < end) {
    const std::uint64_t inside = first - it->first, piece = std::min(it->count - inside, end - first);
    visit(static_cast<int>(it - parameters.begin()), inside, piece);
    first += piece;
    ++it;
  }
}

}  // namespace lethe::models
