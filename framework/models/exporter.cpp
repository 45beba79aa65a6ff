#include "framework/models/exporter.h"

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/models/loader.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCopied[] = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                                   "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "LICENSE"};

}  // namespace

Exporter::Exporter(fs::path target, const ParameterIndex& index, const HfConfig& config, FileDType dtype, std::optional<fs::path> source)
    : target_(std::move(target)), index_(index), config_(config), source_(std::move(source)) {
  aside_ = target_;
  aside_ += ".writing";
  for (const Parameter& p : index.parameters()) tensors_.push_back({.name = p.name, .dtype = dtype, .shape = p.shape});
}

void Exporter::create() const {
  fs::remove_all(aside_);
  fs::create_directories(aside_);
  if (!source_) base::write_file_atomically(aside_ / "config.json", to_config_json(config_));
  for (const char* name : kCopied) {
    if (source_ && fs::exists(*source_ / name)) base::write_file_atomically(aside_ / name, base::read_file(*source_ / name));
  }
  SafetensorsWriter(aside_ / "model.safetensors", tensors_).sync();
}

SafetensorsWriter& Exporter::writer() {
  if (!writer_) writer_.emplace(SafetensorsWriter::open_existing(aside_ / "model.safetensors", tensors_));
  return *writer_;
}

void Exporter::write(std::uint64_t first, std::span<const float> values) {
  for_each_piece(index_, first, values.size(), [&](int parameter, std::uint64_t inside, std::uint64_t count) {
    writer().write(static_cast<std::size_t>(parameter), inside, values.first(count));
    values = values.subspan(count);
  });
}

void Exporter::finish_rank() {
  if (writer_) writer_->sync();
  writer_.reset();
}

void Exporter::publish() const {
  fs::remove_all(target_);
  base::publish_folder(aside_, target_);
}

}  // namespace lethe::models
