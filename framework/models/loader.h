// The weights of a model directory, addressed by canonical index: whoever asks for a range touches only those bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "framework/models/parameter_index.h"
#include "framework/models/safetensors.h"

namespace lethe::models {

class ModelFiles {
 public:
  // Maps and checks model.safetensors, or the shards of model.safetensors.index.json. Every parameter of the index must be there with its
  // shape; further tensors are a warning. Errors: model.pickle, model.missing, model.shard, model.tensor, model.tied, model.shape, safetensors.*.
  ModelFiles(const std::filesystem::path& directory, const ParameterIndex& index);

  // Elements first, first + 1, … of the canonical order, as float32.
  void read(std::uint64_t first, std::span<float> out) const;
  // Of names, shapes, dtypes and sampled contents of the files: what caches and checkpoints are keyed by.
  [[nodiscard]] std::string hash() const;
  [[nodiscard]] FileDType dtype_of_most() const;  // what an export writes by default

 private:
  void map_shards(const std::filesystem::path& directory);
  const ParameterIndex& index_;
  std::vector<SafetensorsFile> files_;
  std::vector<const TensorView*> tensors_;  // by parameter number
};

// Cuts a canonical range by parameters: `visit(parameter, first element inside it, elements)`, in order.
void for_each_piece(const ParameterIndex& index, std::uint64_t first, std::uint64_t count,
                    const std::function<void(int, std::uint64_t, std::uint64_t)>& visit);

}  // namespace lethe::models
