#include "framework/models/safetensors.h"

#include <array>
#include <cstring>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

// The header's text; its length is checked against the file before it is believed.
std::string_view header_text(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.size() < 8) fail("safetensors.short", fmt::format("{}: {} bytes", name, bytes.size()));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  if (length > kLongestHeader || length > bytes.size() - 8) {
    fail("safetensors.header",
         fmt::format("{}: header of {} bytes in a file of {}", name, length, bytes.size()));
  }
  return {reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length)};
}

[[noreturn]] void fail_no_weights(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string extension = entry.path().extension().string(), file = entry.path().filename().string();
    if (extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt") {
      fail("model.pickle",
           fmt::format("{}: pickle weights are not read for safety; convert to safetensors", printable(file)),
           "in Python: AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(OUT)");
    }
  }
  fail("model.shard",
       fmt::format("{} has neither model.safetensors nor model.safetensors.index.json", directory.string()));
}

// A link that points nowhere is there too: opening it says so.
bool is_there(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::symlink_status(file, ignored).type() != std::filesystem::file_type::not_found;
}

void check_listed(const ShardIndex& index, const ModelTensors& tensors) {
  std::size_t missing = 0;
  const std::string* first = nullptr;
  for (const auto& [name, shard] : index.shard_of) {
    if (tensors.find(name) != nullptr) continue;
    if (missing++ == 0) first = &name;
  }
  if (missing > 0)
    fail("model.tensor",
         fmt::format("missing {} that the index lists (first: {})", missing, printable(*first)));
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : name_(path.filename().string()), mapped_(path) {
  const std::string_view json = header_text(mapped_.bytes(), name_);
  tensors_ = parse_safetensors_header(json, name_, mapped_.bytes().size());
  data_begin_ = 8 + json.size();
}

TensorView SafetensorsFile::tensor(std::size_t number) const {
  const StoredTensor& stored = tensors_[number];
  return {.name = stored.info.name,
          .dtype = stored.info.dtype,
          .shape = stored.info.shape,
          .bytes = mapped_.bytes().subspan(data_begin_ + stored.begin, stored.end - stored.begin)};
}

std::string SafetensorsFile::identity() const {
  const std::array<std::int64_t, 2> stamp = {static_cast<std::int64_t>(mapped_.bytes().size()),
                                             mapped_.modified_nanoseconds()};
  return base::Hasher()
      .add(name_)
      .add(std::as_bytes(std::span(stamp)))
      .add(mapped_.bytes().first(data_begin_))
      .hex();
}

ModelTensors::ModelTensors(const std::filesystem::path& directory) {
  const auto single = directory / "model.safetensors",
             index_file = directory / "model.safetensors.index.json";
  if (is_there(single)) {
    open(single);
  } else if (is_there(index_file)) {
    open_shards(directory, read_shard_index(index_file));
  } else {
    fail_no_weights(directory);
  }
}

void ModelTensors::open_shards(const std::filesystem::path& directory, const ShardIndex& index) {
  for (const std::string& shard : index.shards()) {
    require_readable(directory / shard, "model.shard", fmt::format("{} is listed but not there", shard));
  }
  for (const std::string& shard : index.shards()) open(directory / shard);
  check_listed(index, *this);
}

void ModelTensors::open(const std::filesystem::path& path) {
  const SafetensorsFile& file = files_.emplace_back(path);
  for (std::size_t i = 0; i < file.size(); ++i) {
    const TensorView view = file.tensor(i);
    if (tensors_.emplace(view.name, view).second) continue;
    fail("safetensors.duplicate",
         fmt::format("{} appears twice (again in {})", printable(view.name), file.name()));
  }
}

const TensorView* ModelTensors::find(std::string_view name) const noexcept {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace lethe::models
