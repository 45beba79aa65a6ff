// Safetensors files: read by mmap, checked whole before anything is used; written in one deterministic layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::models {

enum class FileDType : std::uint8_t { f32, bf16, f16 };
[[nodiscard]] std::size_t size_of(FileDType dtype) noexcept;
[[nodiscard]] std::string_view name_of(FileDType dtype) noexcept;  // "F32", "BF16", "F16"

struct TensorInfo {
  std::string name;
  FileDType dtype = FileDType::f32;
  std::vector<std::int64_t> shape;
  [[nodiscard]] std::uint64_t count() const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return count() * size_of(dtype); }
};

struct TensorView : TensorInfo {
  std::span<const std::byte> data;  // in the mapped file; valid while the SafetensorsFile lives
};

// One file. Errors: safetensors.short, .header, .json, .duplicate, .overlap, .hole, .size, .dtype, .truncated; model.missing.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) = delete;

  const std::vector<TensorView>& tensors() const noexcept { return tensors_; }  // in file order

 private:
  void read_header(const std::string& name);
  struct Mapping;
  std::unique_ptr<Mapping> mapping_;
  std::vector<TensorView> tensors_;
};

// Elements [first, first + out.size()) of a tensor as float32 (exact for every dtype).
void read_floats(const TensorView& tensor, std::uint64_t first, std::span<float> out);

// Writes a file of these tensors; each rank may write its own elements. Elements never written are zero.
class SafetensorsWriter {
 public:
  // Creates the file with its header and full size. Errors: io.space, out.permission, io.write.
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors);
  // Opens a file that another rank has created with the same tensors.
  [[nodiscard]] static SafetensorsWriter open_existing(const std::filesystem::path& path, std::vector<TensorInfo> tensors);
  ~SafetensorsWriter();
  SafetensorsWriter(SafetensorsWriter&&) noexcept;
  SafetensorsWriter& operator=(SafetensorsWriter&&) = delete;

  // Elements of tensor number `tensor` from `first` on; float32 is rounded to nearest even where the file holds less.
  void write(std::size_t tensor, std::uint64_t first, std::span<const float> values);
  void sync();

 private:
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors, bool create);
  void write_bytes(std::uint64_t offset, std::span<const std::byte> bytes);
  std::filesystem::path path_;
  std::vector<TensorInfo> tensors_;
  std::vector<std::uint64_t> offsets_;  // of each tensor in the file
  int fd_ = -1;
};

}  // namespace lethe::models
