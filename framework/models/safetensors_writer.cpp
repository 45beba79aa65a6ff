#include "framework/models/safetensors_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::models {
namespace {

// Alignment of the data, so that a mapped tensor can be read as it is.
constexpr std::uint64_t kAlignment = 8;

std::string with_length(std::string json) {
  json.resize((json.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const std::uint64_t length = json.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + json;
}

void write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes,
              const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) base::fail_write(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

// Takes the room now: a full disk is said before hours of work, not after.
void reserve(int fd, std::uint64_t bytes, const std::filesystem::path& path) {
  const auto size = static_cast<off_t>(bytes);
  // Not posix_fallocate: where the file system cannot reserve, that one writes every block.
  if (::fallocate(fd, 0, 0, size) == 0) return;
  if (errno != EOPNOTSUPP || ::ftruncate(fd, size) != 0) base::fail_write(path, errno);
}

}  // namespace

SafetensorsLayout::SafetensorsLayout(std::vector<TensorInfo> tensors) : tensors_(std::move(tensors)) {
  nlohmann::ordered_json json = {{"__metadata__", {{"format", "pt"}}}};
  std::vector<std::uint64_t> offsets = {0};
  for (const TensorInfo& tensor : tensors_) {
    const auto bytes = bytes_of(tensor);
    LETHE_CHECK(bytes.has_value(), "{} is larger than any file", tensor.name);
    offsets.push_back(offsets.back() + *bytes);
    // push_back: looking for the key among the earlier ones would take quadratic time.
    json.get_ref<nlohmann::ordered_json::object_t&>().push_back(
        {tensor.name,
         {{"dtype", name_of(tensor.dtype)},
          {"shape", tensor.shape},
          {"data_offsets", {offsets[offsets.size() - 2], offsets.back()}}}});
  }
  head_ = with_length(json.dump());
  for (const std::uint64_t offset : offsets) begins_.push_back(head_.size() + offset);
  file_bytes_ = begins_.back();
}

SafetensorsWriter::SafetensorsWriter(std::filesystem::path path, SafetensorsLayout layout, bool creator)
    : path_(std::move(path)),
      aside_(path_.string() + ".writing"),
      layout_(std::move(layout)),
      creator_(creator) {
  fd_ = ::open(aside_.c_str(), O_WRONLY | O_CLOEXEC | (creator ? O_CREAT | O_TRUNC : 0), 0666);
  if (fd_ < 0) base::fail_write(aside_, errno);
}

SafetensorsWriter SafetensorsWriter::create(std::filesystem::path path, SafetensorsLayout layout) {
  SafetensorsWriter writer(std::move(path), std::move(layout), true);
  reserve(writer.fd_, writer.layout_.file_bytes(), writer.path_);
  const std::string& head = writer.layout_.head();
  write_at(writer.fd_, 0, std::as_bytes(std::span(head.data(), head.size())), writer.path_);
  return writer;
}

SafetensorsWriter SafetensorsWriter::join(std::filesystem::path path, SafetensorsLayout layout) {
  return {std::move(path), std::move(layout), false};
}

SafetensorsWriter::~SafetensorsWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (creator_) ::unlink(aside_.c_str());
}

SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&& other) noexcept
    : path_(std::move(other.path_)),
      aside_(std::move(other.aside_)),
      layout_(std::move(other.layout_)),
      creator_(other.creator_),
      fd_(std::exchange(other.fd_, -1)) {}

void SafetensorsWriter::write(std::size_t tensor, std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::uint64_t begin = layout_.begin(tensor), room = layout_.begin(tensor + 1) - begin;
  LETHE_CHECK(offset <= room && bytes.size() <= room - offset, "bytes {} + {} of {}", offset, bytes.size(),
              room);
  write_at(fd_, begin + offset, bytes, path_);
}

void SafetensorsWriter::write(std::string_view name, std::span<const std::byte> bytes) {
  const auto found = std::ranges::find(layout_.tensors(), name, &TensorInfo::name);
  LETHE_CHECK(found != layout_.tensors().end(), "{} is not in the layout", name);
  LETHE_CHECK(bytes.size() == *bytes_of(*found), "{} has {} bytes, not {}", name, *bytes_of(*found),
              bytes.size());
  write(static_cast<std::size_t>(found - layout_.tensors().begin()), 0, bytes);
}

void SafetensorsWriter::sync() {
  if (::fsync(fd_) != 0) base::fail_write(path_, errno);
}

void SafetensorsWriter::publish() {
  LETHE_CHECK(creator_ && fd_ >= 0, "only the creator publishes, once");
  sync();
  if (::rename(aside_.c_str(), path_.c_str()) != 0) base::fail_write(path_, errno);
  base::fsync_path(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."));
  ::close(std::exchange(fd_, -1));
}

}  // namespace lethe::models
