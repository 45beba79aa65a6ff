// Opening a configuration file, with the messages of the catalogue for everything that can stand in the way.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "framework/base/error.h"
#include "framework/config/source_text.h"

namespace lethe::config {
namespace {

[[noreturn]] void refuse_open(int error, const std::string& shown, const std::string& asked_by) {
  const char* reason = std::strerror(error);
  if (error == EACCES || error == EPERM) {
    fail("config.permission", fmt::format("cannot read {}: {}{}", shown, reason, asked_by),
         "check the permissions of the file and of the folders above it (ls -ld)");
  }
  fail("config.missing", fmt::format("cannot open {}: {}{}", shown, reason, asked_by),
       "paths are relative to the folder that lethe is started in; those of `extends:` to the file that "
       "holds it");
}

void check_kind(const struct stat& status, const std::string& shown) {
  if (S_ISDIR(status.st_mode)) {
    const std::string folder = shown.ends_with('/') ? shown : shown + "/";
    fail("config.notfile", fmt::format("{} is a directory", folder), "name the YAML file in it");
  }
  if (!S_ISREG(status.st_mode)) {  // a pipe gives its bytes once, but every rank reads the configuration
    fail("config.notfile", fmt::format("{} is not a regular file", shown),
         "write the configuration to a file");
  }
  if (static_cast<std::uint64_t>(status.st_size) > kMaxConfigBytes) {
    fail("config.size",
         fmt::format("{} has {} bytes; a configuration has at most {}", shown, status.st_size,
                     kMaxConfigBytes),
         "is this a data file? The configuration names it by its path");
  }
}

std::string read_all(int descriptor, const std::string& shown) {
  std::string text;
  char buffer[1 << 14];
  while (text.size() <= kMaxConfigBytes) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count == 0) return text;
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR)
      fail("io.read", fmt::format("cannot read {}: {}", shown, std::strerror(errno)));
  }
  return text;  // grew after its size was looked at; checked_text refuses it
}

struct Descriptor {
  int value;
  ~Descriptor() { ::close(value); }
};

}  // namespace

std::string read_config_file(const std::filesystem::path& file, const std::string& shown,
                             const std::string& asked_by) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) refuse_open(errno, shown, asked_by);
  check_kind(status, shown);  // before opening: opening a pipe would wait for a writer
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) refuse_open(errno, shown, asked_by);
  const Descriptor descriptor{opened};
  return read_all(descriptor.value, shown);
}

}  // namespace lethe::config
