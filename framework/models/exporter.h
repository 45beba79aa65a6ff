// Writes an ordinary Hugging Face directory: the weights in safetensors, and beside them what the model came
// with (config.json, tokenizer, templates, licence). Complete or absent: everything is written aside, then
// renamed. Several ranks write together; the caller puts barriers between:
//
//   Exporter out(target, index, config, FileDType::bf16, source);   every rank makes the same one
//   out.create();                                                   one rank; barrier
//   out.write(first, values); … out.finish_rank();                  every rank, its own ranges; barrier
//   out.publish();                                                  the rank that created
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/models/companion_files.h"
#include "framework/models/hf_config.h"
#include "framework/models/parameter_index.h"
#include "framework/models/safetensors_writer.h"

namespace lethe::models {

struct ExportOptions {
  std::vector<FileDType> dtypes;  // of every parameter, as ModelFiles::dtypes(); empty: one dtype for all
  std::uint64_t max_shard_bytes = 5'000'000'000;  // as transformers; a larger tensor has a shard for itself
  std::filesystem::path tokenizer;  // whose tokenizer files are copied instead of the source's; may be empty
};

class Exporter {
 public:
  // `source`: the directory whose files beside the weights are copied; without one (random weights)
  // config.json is made from `config`. Touches nothing yet. `index` must outlive this.
  Exporter(const std::filesystem::path& target, const ParameterIndex& index, const HfConfig& config,
           FileDType dtype, std::optional<std::filesystem::path> source, ExportOptions options = {});
  ~Exporter();  // the creator removes what it did not publish
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // Errors: out.exists (something that is no earlier export), io.space, io.write, out.permission.
  void create();
  // Canonical elements from `first` on. Errors: num.range (a value that the dtype cannot hold), io.write.
  void write(std::uint64_t first, std::span<const float> values);
  void finish_rank();  // what this rank has written is on the disk
  void publish();      // an earlier export at the target is replaced

 private:
  struct Slot {
    std::size_t shard = 0, tensor = 0;  // of each parameter
  };
  std::string shard_file(std::size_t shard) const;
  SafetensorsWriter& writer(std::size_t shard);
  void lay_out(std::uint64_t max_shard_bytes);
  void write_part(int parameter, std::uint64_t inside, std::span<const float> values);
  void write_index_file() const;
  std::string_view stated_dtype() const;

  std::filesystem::path target_, aside_;
  const ParameterIndex& index_;
  HfConfig config_;
  std::vector<FileDType> dtypes_;
  std::optional<std::filesystem::path> source_;
  std::filesystem::path tokenizer_;
  std::vector<Slot> slots_;
  std::vector<SafetensorsLayout> layouts_;                 // of each shard
  std::vector<std::optional<SafetensorsWriter>> writers_;  // opened when first needed
  bool created_ = false;
};

// The whole of it on one rank. `read` gives canonical elements, as ModelFiles::read does; 64 MiB at a time.
void export_model(Exporter& exporter, std::uint64_t elements,
                  const std::function<void(std::uint64_t first, std::span<float> out)>& read);

}  // namespace lethe::models
