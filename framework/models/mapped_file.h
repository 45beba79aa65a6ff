// A whole file, mapped read-only: only the bytes that are touched are read.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace lethe::models {

class MappedFile {
 public:
  // Errors: model.shard (missing), model.blob (dangling link), model.permission, io.read.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::int64_t modified_nanoseconds() const noexcept { return modified_nanoseconds_; }

 private:
  std::span<const std::byte> bytes_;
  std::int64_t modified_nanoseconds_ = 0;
};

// A regular file that can be opened, or an error: model.blob for a dangling link, model.permission, and
// `missing_key` with `missing_message` where nothing is there or it is no file.
void require_readable(const std::filesystem::path& file, const std::string& missing_key,
                      const std::string& missing_message);

}  // namespace lethe::models
