// Writes safetensors files of any size: the layout is known before the first byte, so several processes can
// each write their own ranges into one file, which appears under its name only when it is published.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/models/safetensors_header.h"

namespace lethe::models {

// Where everything stands in the file; the same tensors in the same order give the same bytes.
class SafetensorsLayout {
 public:
  explicit SafetensorsLayout(std::vector<TensorInfo> tensors);

  const std::vector<TensorInfo>& tensors() const noexcept { return tensors_; }
  const std::string& head() const noexcept {
    return head_;
  }  // length bytes and header, a multiple of 8 bytes
  std::uint64_t begin(std::size_t tensor) const { return begins_[tensor]; }  // byte in the file
  std::uint64_t file_bytes() const noexcept { return file_bytes_; }

 private:
  std::vector<TensorInfo> tensors_;
  std::string head_;
  std::vector<std::uint64_t> begins_;
  std::uint64_t file_bytes_ = 0;
};

// Writes into `path` + ".writing". A writer that created the file and did not publish it removes it.
// Errors: io.space (already when the file is created), io.write, out.permission.
class SafetensorsWriter {
 public:
  // Creates the file at its full size, with its header.
  [[nodiscard]] static SafetensorsWriter create(std::filesystem::path path, SafetensorsLayout layout);
  // Another process's way into a file that one has created. The layout must be the same.
  [[nodiscard]] static SafetensorsWriter join(std::filesystem::path path, SafetensorsLayout layout);
  ~SafetensorsWriter();
  SafetensorsWriter(SafetensorsWriter&& other) noexcept;
  SafetensorsWriter& operator=(SafetensorsWriter&&) = delete;

  const SafetensorsLayout& layout() const noexcept { return layout_; }
  // Bytes of one tensor from `offset` on, in any order, from any number of processes.
  void write(std::size_t tensor, std::uint64_t offset, std::span<const std::byte> bytes);
  void write(std::string_view name, std::span<const std::byte> bytes);  // a whole tensor
  void sync();     // what this process has written is on the disk
  void publish();  // by the creator, when all have synced: renames into place

 private:
  SafetensorsWriter(std::filesystem::path path, SafetensorsLayout layout, bool creator);

  std::filesystem::path path_, aside_;
  SafetensorsLayout layout_;
  bool creator_;
  int fd_ = -1;
};

}  // namespace lethe::models
