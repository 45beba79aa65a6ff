// A file's bytes as memory, read-only. Move-only owner of the mapping.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>

namespace lethe::data {

class MappedFile {
 public:
  // Nothing when the file is not there. Errors: io.read.
  [[nodiscard]] static std::optional<MappedFile> open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lethe::data
