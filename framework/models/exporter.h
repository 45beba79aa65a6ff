// Writes an ordinary Hugging Face directory: weights, and the config and tokenizer files of the model it came from. Complete or absent: written aside, then
// renamed. Several ranks write together: one creates, all write their own ranges, one publishes; the caller puts barriers between.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "framework/models/hf_config.h"
#include "framework/models/parameter_index.h"
#include "framework/models/safetensors.h"

namespace lethe::models {

class Exporter {
 public:
  // source: the directory whose config and tokenizer files are copied; without one (random weights) config.json is written from `config`.
  Exporter(std::filesystem::path target, const ParameterIndex& index, const HfConfig& config, FileDType dtype, std::optional<std::filesystem::path> source);

  void create() const;                                              // one rank
  void write(std::uint64_t first, std::span<const float> values);   // any rank, canonical elements; after create()
  void finish_rank();                                               // every rank: syncs what it wrote
  void publish() const;                                             // one rank; an earlier export at the target is replaced
 private:
  SafetensorsWriter& writer();
  std::filesystem::path target_, aside_;
  const ParameterIndex& index_;
  HfConfig config_;
  std::vector<TensorInfo> tensors_;
  std::optional<std::filesystem::path> source_;
  std::optional<SafetensorsWriter> writer_;
};

}  // namespace lethe::models
