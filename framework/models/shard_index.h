// model.safetensors.index.json: which shard holds which tensor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lethe::models {

struct ShardIndex {
  std::map<std::string, std::string> shard_of;  // tensor -> file name in the same directory

  [[nodiscard]] std::vector<std::string> shards() const;  // sorted, each once
};

// Errors: safetensors.json (not strict JSON, no weight_map, wrong types), model.shard (a name that leads out
// of the directory), model.blob.
[[nodiscard]] ShardIndex read_shard_index(const std::filesystem::path& file);

// `total_bytes`: of all tensors.
[[nodiscard]] std::string to_json(const ShardIndex& index, std::uint64_t total_bytes);

}  // namespace lethe::models
