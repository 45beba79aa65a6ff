#include "framework/base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::base {

void fail_write(const std::filesystem::path& path, int error) {
  const auto message = fmt::format("cannot write {}: {}", path.string(), std::strerror(error));
  if (error == ENOSPC || error == EDQUOT)
    fail("io.space", message, "free some disk space, or name another place with --out");
  if (error == EACCES || error == EPERM || error == EROFS)
    fail("out.permission", message, "name a place that you may write, such as with --out");
  if (error == ENOTDIR || error == EISDIR || error == ENAMETOOLONG || error == ELOOP)
    fail("out.path", message, "name another place, such as with --out");
  fail("io.write", message);
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail_write(folder, error.value());
}

void require_space(const std::filesystem::path& folder, std::uint64_t bytes, const std::string& what) {
  std::error_code unknown;  // then the write itself will tell
  const auto space = std::filesystem::space(folder.empty() ? "." : folder, unknown);
  if (unknown || space.available >= bytes) return;
  fail("io.space",
       fmt::format("cannot write {}: {} needed, {} free in {}", what, readable_bytes(bytes),
                   readable_bytes(space.available), folder.string()),
       "free some disk space, or name another place with --out");
}

namespace {

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail_write(path_, errno);
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(fd_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_write(path_, errno);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void sync() {
    if (::fsync(fd_) != 0 && errno != EINVAL) fail_write(path_, errno);
  }

 private:
  std::filesystem::path path_;
  int fd_;
};

}  // namespace

void fsync_path(const std::filesystem::path& path) { Descriptor(path, O_RDONLY).sync(); }

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  auto aside = path;
  aside += fmt::format(".writing-{}", ::getpid());
  try {
    Descriptor file(aside, O_WRONLY | O_CREAT | O_TRUNC);
    file.write(content);
    file.sync();
  } catch (...) {
    ::unlink(aside.c_str());
    throw;
  }
  if (::rename(aside.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(aside.c_str());
    fail_write(path, error);
  }
  fsync_path(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("io.read", fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  file.seekg(0, std::ios::end);
  const auto size = file.tellg();
  if (size < 0) fail("io.read", fmt::format("cannot read {}: not a regular file", path.string()));
  if (static_cast<std::uint64_t>(size) > max_bytes)
    fail("io.size", fmt::format("{} has {} bytes; at most {} are read", path.string(),
                                static_cast<std::uint64_t>(size), max_bytes));
  std::string content(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  file.read(content.data(), size);
  if (!file) fail("io.read", fmt::format("reading {} failed: {}", path.string(), std::strerror(errno)));
  return content;
}

void publish_folder(const std::filesystem::path& written, const std::filesystem::path& target) {
  fsync_path(written);
  if (::rename(written.c_str(), target.c_str()) != 0) fail_write(target, errno);
  fsync_path(target.parent_path());
}

}  // namespace lethe::base
