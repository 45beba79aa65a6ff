// The weights of a model directory by canonical index: any range as float32, touching only the bytes of that
// range.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "framework/models/hf_config.h"
#include "framework/models/parameter_index.h"
#include "framework/models/safetensors.h"

namespace lethe::models {

class ModelFiles {
 public:
  // Opens and checks all files against the index, which must outlive this. Tensors that the index does not
  // name are counted in one warning. Errors: those of ModelTensors; model.tensor (missing, or a bias that the
  // architecture has not), model.tied (no head, and not tied), model.shape, safetensors.dtype.
  ModelFiles(const std::filesystem::path& directory, const ParameterIndex& index);

  // Elements first … first + out.size() - 1. Thread-safe.
  void read(std::uint64_t first, std::span<float> out) const;

  [[nodiscard]] std::vector<FileDType> dtypes() const;  // of every parameter, in canonical order
  [[nodiscard]] FileDType dtype_of_most() const;

  // Hash of names, dtypes, shapes and 32 pages of every tensor, in canonical order: the same for the same
  // weights, however they are split into files. Keys checkpoints: cheap, and a training step reaches all of a
  // tensor.
  [[nodiscard]] std::string hash() const;
  // The same over every byte; reads everything.
  [[nodiscard]] std::string content_hash() const;
  // Hash of the files' names, sizes, times and headers: cheap; differs between ranks that see other files.
  [[nodiscard]] std::string identity() const;

 private:
  template <class Add>
  std::string hash_of(Add add) const;

  const ParameterIndex& index_;
  ModelTensors tensors_;
  std::vector<const TensorView*> views_;  // of each parameter
};

// Of a model: the same for the same configuration and weights' hash().
[[nodiscard]] std::string model_hash(const HfConfig& config, const std::string& weights_hash);

}  // namespace lethe::models
