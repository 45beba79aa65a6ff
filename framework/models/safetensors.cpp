#include "framework/models/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "framework/base/error.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit

FileDType dtype_from(const std::string& word, const std::string& tensor) {
  if (word == "F32") return FileDType::f32;
  if (word == "BF16") return FileDType::bf16;
  if (word == "F16") return FileDType::f16;
  fail("safetensors.dtype", fmt::format("{}: {} where BF16/F16/F32 is expected", tensor, word));
}

std::uint64_t as_unsigned(const nlohmann::ordered_json& value, const std::string& what) {
  if (!value.is_number_unsigned()) fail("safetensors.json", fmt::format("{}: expected a non-negative integer, got {}", what, value.dump()));
  return value.get<std::uint64_t>();
}

struct FileEntry {
  TensorInfo info;
  std::uint64_t begin = 0, end = 0;
};

std::uint64_t checked_bytes(const TensorInfo& info) {
  std::uint64_t bytes = size_of(info.dtype);
  for (const std::int64_t extent : info.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes))
      fail("safetensors.size", fmt::format("{}: its shape has more bytes than 64 bits count", info.name));
  }
  return bytes;
}

FileEntry entry_from(const std::string& name, const nlohmann::ordered_json& json) {
  const bool complete = json.is_object() && json.contains("dtype") && json.contains("shape") && json.contains("data_offsets") && json["dtype"].is_string() &&
                        json["shape"].is_array() && json["data_offsets"].is_array() && json["data_offsets"].size() == 2;
  if (!complete) fail("safetensors.json", fmt::format("{}: expected dtype, shape and two data_offsets", name));
  FileEntry entry{.info = {.name = name, .dtype = dtype_from(json["dtype"].get<std::string>(), name)}};
  for (const auto& extent : json["shape"]) {
    const std::uint64_t value = as_unsigned(extent, name + ": shape");
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail("safetensors.size", fmt::format("{}: an extent of {}", name, value));
    entry.info.shape.push_back(static_cast<std::int64_t>(value));
  }
  entry.begin = as_unsigned(json["data_offsets"][0], name + ": data_offsets");
  entry.end = as_unsigned(json["data_offsets"][1], name + ": data_offsets");
  if (entry.end < entry.begin) fail("safetensors.size", fmt::format("{}: data_offsets run backwards ({} to {})", name, entry.begin, entry.end));
  const std::uint64_t needed = checked_bytes(entry.info), given = entry.end - entry.begin;
  if (needed != given) fail("safetensors.size", fmt::format("{}: {} × {} needs {} bytes, {} given", name, entry.info.count(), name_of(entry.info.dtype), needed, given));
  return entry;
}

// Tensors must tile the data area without holes or overlap; that also bounds the file's size.
void check_tiling(std::vector<FileEntry>& entries, const std::string& file, std::uint64_t data_bytes) {
  std::ranges::stable_sort(entries, {}, [](const FileEntry& e) { return std::pair(e.begin, e.end); });
  std::uint64_t at = 0;
  for (const FileEntry& entry : entries) {
    if (entry.begin < at) fail("safetensors.overlap", fmt::format("{}: {} begins at byte {} inside the tensor before it", file, entry.info.name, entry.begin));
    if (entry.begin > at) fail("safetensors.hole", fmt::format("{}: {} bytes before {} belong to no tensor", file, entry.begin - at, entry.info.name));
    at = entry.end;
  }
  if (data_bytes < at) fail("safetensors.truncated", fmt::format("{}: {} of {} bytes", file, data_bytes, at), "download or copy the file again");
  if (data_bytes > at) fail("safetensors.hole", fmt::format("{}: {} bytes after the last tensor belong to no tensor", file, data_bytes - at));
}

float from_half(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent == 0) return (sign != 0 ? -1.0f : 1.0f) * static_cast<float>(fraction) * 0x1p-24f;
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return __builtin_bit_cast(float, sign | wide << 23 | fraction << 13);
}

std::uint16_t to_bfloat16(float value) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  if (value != value) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

std::uint16_t to_half(float value) { return __builtin_bit_cast(std::uint16_t, static_cast<_Float16>(value)); }

}  // namespace

std::size_t size_of(FileDType dtype) noexcept { return dtype == FileDType::f32 ? 4 : 2; }
std::string_view name_of(FileDType dtype) noexcept { return dtype == FileDType::f32 ? "F32" : dtype == FileDType::bf16 ? "BF16" : "F16"; }

std::uint64_t TensorInfo::count() const noexcept {
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::uint64_t>(extent);
  return count;
}

struct SafetensorsFile::Mapping {
  explicit Mapping(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("model.missing", fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
    struct stat status {};
    ::fstat(fd, &status);
    size = static_cast<std::uint64_t>(status.st_size);
    if (size >= 8) data = static_cast<const std::byte*>(::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0));
    ::close(fd);
    if (size < 8) fail("safetensors.short", fmt::format("{}: {} bytes", path.filename().string(), size));
    if (data == MAP_FAILED) fail("os.mmap", fmt::format("cannot map {}: {}", path.string(), std::strerror(errno)));
  }
  ~Mapping() { if (data != nullptr && data != MAP_FAILED) ::munmap(const_cast<std::byte*>(data), size); }
  const std::byte* data = nullptr;
  std::uint64_t size = 0;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : mapping_(std::make_unique<Mapping>(path)) { read_header(path.filename().string()); }
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;

void SafetensorsFile::read_header(const std::string& name) {
  std::uint64_t length = 0;
  std::memcpy(&length, mapping_->data, 8);
  if (length > kMaxHeader || length > mapping_->size - 8) fail("safetensors.header", fmt::format("{}: header of {} bytes in a file of {}", name, length, mapping_->size));
  const std::string_view text(reinterpret_cast<const char*>(mapping_->data) + 8, length);
  if (!text.starts_with('{')) fail("safetensors.json", fmt::format("{}: the header does not begin with {{", name));
  const auto header = parse_strict_json(text, name, "safetensors.json", "safetensors.duplicate");
  std::vector<FileEntry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key != "__metadata__") entries.push_back(entry_from(key, value));
    else if (!value.is_object() || !std::ranges::all_of(value, [](const auto& v) { return v.is_string(); })) fail("safetensors.json", fmt::format("{}: __metadata__ is not a map of texts", name));
  }
  check_tiling(entries, name, mapping_->size - 8 - length);
  for (FileEntry& entry : entries) tensors_.push_back({std::move(entry.info), {mapping_->data + 8 + length + entry.begin, entry.end - entry.begin}});
}

void read_floats(const TensorView& tensor, std::uint64_t first, std::span<float> out) {
  LETHE_CHECK(first + out.size() <= tensor.count(), "elements {}…{} of {}", first, first + out.size(), tensor.name);
  const std::byte* source = tensor.data.data() + first * size_of(tensor.dtype);
  if (tensor.dtype == FileDType::f32) return void(std::memcpy(out.data(), source, out.size_bytes()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, source + 2 * i, 2);
    out[i] = tensor.dtype == FileDType::bf16 ? __builtin_bit_cast(float, std::uint32_t{bits} << 16) : from_half(bits);
  }
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors) : SafetensorsWriter(path, std::move(tensors), true) {}
SafetensorsWriter SafetensorsWriter::open_existing(const std::filesystem::path& path, std::vector<TensorInfo> tensors) { return {path, std::move(tensors), false}; }

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors, bool create) : path_(path), tensors_(std::move(tensors)) {
  nlohmann::ordered_json header;
  header["__metadata__"]["format"] = "pt";
  std::uint64_t offset = 0;
  for (const TensorInfo& tensor : tensors_) {
    header[tensor.name] = {{"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + tensor.bytes()}}};
    offsets_.push_back(offset);
    offset += tensor.bytes();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  for (std::uint64_t& at : offsets_) at += 8 + length;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0), 0666);
  if (fd_ < 0) fail(errno == EACCES || errno == EROFS ? "out.permission" : "io.write", fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  if (!create) return;
  write_bytes(0, std::as_bytes(std::span(&length, 1)));
  write_bytes(8, std::as_bytes(std::span(text)));
  if (::ftruncate(fd_, static_cast<off_t>(8 + length + offset)) != 0) fail("io.space", fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

SafetensorsWriter::~SafetensorsWriter() { if (fd_ >= 0) ::close(fd_); }
SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&& other) noexcept
    : path_(std::move(other.path_)), tensors_(std::move(other.tensors_)), offsets_(std::move(other.offsets_)), fd_(std::exchange(other.fd_, -1)) {}

void SafetensorsWriter::write_bytes(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno == ENOSPC || errno == EDQUOT ? "io.space" : "io.write", fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void SafetensorsWriter::write(std::size_t tensor, std::uint64_t first, std::span<const float> values) {
  const TensorInfo& info = tensors_[tensor];
  LETHE_CHECK(first + values.size() <= info.count(), "elements {}…{} of {}", first, first + values.size(), info.name);
  const std::uint64_t offset = offsets_[tensor] + first * size_of(info.dtype);
  if (info.dtype == FileDType::f32) return write_bytes(offset, std::as_bytes(values));
  std::vector<std::uint16_t> narrow(values.size());
  std::ranges::transform(values, narrow.begin(), info.dtype == FileDType::bf16 ? to_bfloat16 : to_half);
  write_bytes(offset, std::as_bytes(std::span(narrow)));
}

void SafetensorsWriter::sync() { if (::fsync(fd_) != 0) fail("io.write", fmt::format("cannot sync {}: {}", path_.string(), std::strerror(errno))); }

}  // namespace lethe::models
