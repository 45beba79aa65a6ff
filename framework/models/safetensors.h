// Reads safetensors files: one by itself, or the shards of a model directory. Files are mapped, and checked
// wholly before the first tensor is handed out.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "framework/models/mapped_file.h"
#include "framework/models/safetensors_header.h"
#include "framework/models/shard_index.h"

namespace lethe::models {

// Lives as long as the file that it came from.
struct TensorView {
  std::string_view name;
  FileDType dtype = FileDType::f32;
  std::span<const std::int64_t> shape;
  std::span<const std::byte> bytes;  // row-major, little-endian
};

class SafetensorsFile {
 public:
  // Errors: safetensors.short, safetensors.header, those of parse_safetensors_header(), those of MappedFile.
  explicit SafetensorsFile(const std::filesystem::path& path);

  std::size_t size() const noexcept { return tensors_.size(); }
  TensorView tensor(std::size_t number) const;
  const std::string& name() const noexcept { return name_; }
  // Hash of name, size, time of change and header: cheap, and another one where the file was replaced.
  [[nodiscard]] std::string identity() const;

 private:
  std::string name_;
  MappedFile mapped_;
  std::vector<StoredTensor> tensors_;
  std::uint64_t data_begin_ = 0;
};

// All tensors of a model directory: model.safetensors, or the shards of model.safetensors.index.json.
class ModelTensors {
 public:
  // Errors: model.shard, model.pickle (only pickle weights are there), model.tensor (index and shards
  // disagree), and those of SafetensorsFile; safetensors.json for the index, safetensors.duplicate over all
  // shards.
  explicit ModelTensors(const std::filesystem::path& directory);

  const TensorView* find(std::string_view name) const noexcept;
  const std::map<std::string_view, TensorView>& tensors() const noexcept { return tensors_; }
  const std::vector<SafetensorsFile>& files() const noexcept { return files_; }

 private:
  void open(const std::filesystem::path& path);
  void open_shards(const std::filesystem::path& directory, const ShardIndex& index);

  std::vector<SafetensorsFile> files_;
  std::map<std::string_view, TensorView> tensors_;
};

}  // namespace lethe::models
