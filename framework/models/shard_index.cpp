#include "framework/models/shard_index.h"

#include <nlohmann/json.hpp>
#include <set>

#include "framework/base/error.h"
#include "framework/models/mapped_file.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

std::string shard_name(const nlohmann::json& value, const std::string& file) {
  if (!value.is_string()) fail("safetensors.json", file + ": weight_map must map tensor names to file names");
  const auto& name = value.get_ref<const std::string&>();
  // The index is untrusted: a shard is a file beside it and nothing else.
  if (name.empty() || name.find_first_of(std::string_view("/\\\0", 3)) != name.npos || name == "." ||
      name == "..") {
    fail("model.shard",
         fmt::format("{}: \"{}\" is not the name of a file in the model's directory", file, printable(name)));
  }
  return name;
}

}  // namespace

std::vector<std::string> ShardIndex::shards() const {
  std::set<std::string> names;
  for (const auto& [tensor, shard] : shard_of) names.insert(shard);
  return {names.begin(), names.end()};
}

ShardIndex read_shard_index(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  require_readable(file, "model.shard", name + " is not a readable file");
  const nlohmann::json json = read_strict_json(file, "safetensors.json");
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    fail("safetensors.json", name + ": weight_map is missing or not an object");
  }
  ShardIndex index;
  for (const auto& [tensor, shard] : json["weight_map"].items())
    index.shard_of[tensor] = shard_name(shard, name);
  if (index.shard_of.empty()) fail("safetensors.json", name + ": weight_map lists no tensor");
  return index;
}

std::string to_json(const ShardIndex& index, std::uint64_t total_bytes) {
  const nlohmann::json json = {{"metadata", {{"total_size", total_bytes}}}, {"weight_map", index.shard_of}};
  return json.dump(2) + "\n";
}

}  // namespace lethe::models
