// The one exception type of lethe. A kind is a key of the error catalogue ("config.unknown"); its first word
// decides the exit code. Libraries throw; only run/guard.h turns an error into a message and an exit code.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lethe {

class Error : public std::runtime_error {
 public:
  Error(std::string key, std::string message, std::string hint = "");

  const std::string& key() const noexcept { return key_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& hint() const noexcept { return hint_; }
  // The exit code of the catalogue: 64 usage, 65 data, 66 missing input, 69 service, 70 bug, 73/74 output, 75
  // stopped, 76 peer, 77 permission, 78 configuration, 79 memory, 80 numerics.
  int exit_code() const noexcept;

 private:
  std::string key_, message_, hint_;
};

// The exit code for a catalogue key: the longest prefix, by dots, that the catalogue names; 70 (bug) if none.
[[nodiscard]] int exit_code_of(std::string_view key) noexcept;

[[noreturn]] void fail(std::string key, std::string message, std::string hint = "");

[[noreturn]] void fail_internal(const char* file, int line, const char* condition, std::string message);

}  // namespace lethe

// A condition that only a bug can break. Input is validated with fail() and a catalogue key instead.
#define LETHE_CHECK(condition, ...)                                                                     \
  do {                                                                                                  \
    if (!(condition)) ::lethe::fail_internal(__FILE__, __LINE__, #condition, fmt::format(__VA_ARGS__)); \
  } while (false)
