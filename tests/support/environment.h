// What a test takes from, or for its own length puts into, the environment.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace lethe::testing {

// Sets a variable until the end of the scope: other tests of the program do not see it.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str())) before_ = before;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ~ScopedVariable() { before_ ? ::setenv(name_.c_str(), before_->c_str(), 1) : ::unsetenv(name_.c_str()); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

// The TOFU benchmark's files, which are not lethe's and may be absent: a test that needs them skips then.
inline std::filesystem::path tofu_directory() {
  const char* given = std::getenv("LETHE_TOFU_DIR");
  return given != nullptr ? given : std::filesystem::path(LETHE_SOURCE_DIR) / "../shared/data/tofu";
}

}  // namespace lethe::testing

#define LETHE_NEED_TOFU()                                         \
  if (!std::filesystem::exists(lethe::testing::tofu_directory())) \
  GTEST_SKIP() << lethe::testing::tofu_directory() << " is not there (LETHE_TOFU_DIR names it)"
