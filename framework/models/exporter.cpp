#include "framework/models/exporter.h"

#include <algorithm>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/models/shard_index.h"

namespace lethe::models {
namespace {

std::vector<FileDType> dtype_of_each(std::vector<FileDType> dtypes, FileDType one, std::size_t count) {
  if (dtypes.empty()) dtypes.assign(count, one);
  LETHE_CHECK(dtypes.size() == count, "{} dtypes for {} parameters", dtypes.size(), count);
  LETHE_CHECK(std::ranges::all_of(dtypes, holds_weights), "a dtype that holds no weights");
  return dtypes;
}

// Without a trailing slash, which would put what is written aside into the target, and with a parent.
std::filesystem::path clean(const std::filesystem::path& target) {
  const auto path = std::filesystem::absolute(target).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

Exporter::Exporter(const std::filesystem::path& target, const ParameterIndex& index, const HfConfig& config,
                   FileDType dtype, std::optional<std::filesystem::path> source, ExportOptions options)
    : target_(clean(target)),
      aside_(target_.string() + ".writing"),
      index_(index),
      config_(config),
      dtypes_(dtype_of_each(std::move(options.dtypes), dtype, index.parameters().size())),
      source_(std::move(source)),
      tokenizer_(std::move(options.tokenizer)) {
  lay_out(options.max_shard_bytes);
  writers_.resize(layouts_.size());
}

Exporter::~Exporter() {
  if (!created_) return;
  std::error_code ignored;
  std::filesystem::remove_all(aside_, ignored);
}

// Shards are filled in canonical order, so that a rank's contiguous range is contiguous in a file too.
void Exporter::lay_out(std::uint64_t max_shard_bytes) {
  std::vector<std::vector<TensorInfo>> shards(1);
  std::uint64_t filled = 0;
  for (std::size_t i = 0; i < dtypes_.size(); ++i) {
    const Parameter& parameter = index_.parameters()[i];
    const std::uint64_t bytes = parameter.count * size_of(dtypes_[i]);
    if (!shards.back().empty() && filled + bytes > max_shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += bytes;
    slots_.push_back({.shard = shards.size() - 1, .tensor = shards.back().size()});
    shards.back().push_back({.name = parameter.name, .dtype = dtypes_[i], .shape = parameter.shape});
  }
  for (auto& shard : shards) layouts_.emplace_back(std::move(shard));
}

std::string Exporter::shard_file(std::size_t shard) const {
  if (layouts_.size() == 1) return "model.safetensors";
  return fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, layouts_.size());
}

// Of files of several dtypes, what their source states stays: another one may round what was not trained.
std::string_view Exporter::stated_dtype() const {
  const bool one = std::ranges::count(dtypes_, dtypes_.front()) == std::ssize(dtypes_);
  return one || !source_ ? torch_name_of(dtypes_.front()) : std::string_view();
}

void Exporter::create() {
  require_replaceable(target_, source_);
  std::error_code error;
  std::filesystem::remove_all(aside_, error);  // what a killed run left
  std::filesystem::create_directories(aside_, error);
  if (error) base::fail_write(aside_, error.value());
  created_ = true;
  write_companions(source_, config_, stated_dtype(), aside_);
  if (!tokenizer_.empty()) replace_tokenizer(tokenizer_, aside_);
  for (std::size_t i = 0; i < layouts_.size(); ++i) {
    writers_[i].emplace(SafetensorsWriter::create(aside_ / shard_file(i), layouts_[i]));
  }
  if (layouts_.size() > 1) write_index_file();
}

void Exporter::write_index_file() const {
  ShardIndex files;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    files.shard_of[index_.parameters()[i].name] = shard_file(slots_[i].shard);
    bytes += index_.parameters()[i].count * size_of(dtypes_[i]);
  }
  base::write_file_atomically(aside_ / "model.safetensors.index.json", to_json(files, bytes));
}

SafetensorsWriter& Exporter::writer(std::size_t shard) {
  auto& open = writers_[shard];
  if (!open) open.emplace(SafetensorsWriter::join(aside_ / shard_file(shard), layouts_[shard]));
  return *open;
}

void Exporter::write(std::uint64_t first, std::span<const float> values) {
  for_each_piece(index_, first, values.size(), [&](int parameter, std::uint64_t inside, std::uint64_t count) {
    write_part(parameter, inside, values.first(count));
    values = values.subspan(count);
  });
}

void Exporter::write_part(int parameter, std::uint64_t inside, std::span<const float> values) {
  constexpr std::size_t kChunk = 1 << 20;  // elements
  const FileDType dtype = dtypes_[parameter];
  const std::uint64_t width = size_of(dtype);
  std::vector<std::byte> bytes(std::min(kChunk, values.size()) * width);
  for (std::size_t done = 0; done < values.size(); done += kChunk) {
    const auto chunk = values.subspan(done, std::min(kChunk, values.size() - done));
    const auto out = std::span(bytes).first(chunk.size() * width);
    if (!encode(dtype, chunk, out)) {
      fail("num.range",
           fmt::format("{} has values that {} cannot hold", index_.parameters()[parameter].name,
                       name_of(dtype)),
           "an export has the dtypes of the model's own files: start from one in bfloat16 or float32");
    }
    writer(slots_[parameter].shard).write(slots_[parameter].tensor, (inside + done) * width, out);
  }
}

void Exporter::finish_rank() {
  for (auto& open : writers_) {
    if (open) open->sync();
  }
}

void Exporter::publish() {
  LETHE_CHECK(created_, "only the rank that created publishes");
  for (auto& open : writers_) open->publish();
  replace_folder(aside_, target_);
  created_ = false;
}

void export_model(Exporter& exporter, std::uint64_t elements,
                  const std::function<void(std::uint64_t, std::span<float>)>& read) {
  constexpr std::uint64_t kPiece = 16 << 20;  // elements
  exporter.create();
  std::vector<float> piece(std::min(kPiece, elements));
  for (std::uint64_t first = 0; first < elements; first += kPiece) {
    const auto values = std::span(piece).first(std::min(kPiece, elements - first));
    read(first, values);
    exporter.write(first, values);
  }
  exporter.publish();
}

}  // namespace lethe::models
