#include "framework/models/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "framework/base/error.h"

namespace lethe::models {
namespace {

class ReadDescriptor {
 public:
  explicit ReadDescriptor(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail("io.read", fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  }
  ~ReadDescriptor() { ::close(fd_); }
  ReadDescriptor(const ReadDescriptor&) = delete;
  ReadDescriptor& operator=(const ReadDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  require_readable(path, "model.shard", fmt::format("{} is listed but not there", path.filename().string()));
  const ReadDescriptor file(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    fail("io.read", fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  modified_nanoseconds_ = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return;  // mmap refuses empty files
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED)
    fail("os.mmap", fmt::format("cannot map {}: {}", path.string(), std::strerror(errno)));
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), modified_nanoseconds_(other.modified_nanoseconds_) {}

void require_readable(const std::filesystem::path& file, const std::string& missing_key,
                      const std::string& missing_message) {
  std::error_code ignored;
  const bool is_link = std::filesystem::is_symlink(file, ignored),
             exists = std::filesystem::exists(file, ignored);
  if (is_link && !exists) {
    fail("model.blob",
         fmt::format("{}: snapshot link points to a missing blob (unfinished download)", file.string()),
         "run `hf download` again for this model");
  }
  if (!exists || !std::filesystem::is_regular_file(file, ignored)) fail(missing_key, missing_message);
  if (::access(file.c_str(), R_OK) != 0) {
    fail("model.permission", fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
  }
}

}  // namespace lethe::models
