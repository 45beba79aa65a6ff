// A shell command that a test starts and waits for.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace lethe::testing {

struct CommandResult {
  int exit_code = -1;  // -1: did not start, or ended by a signal
  std::string output;  // stdout and stderr together
};

inline CommandResult run_command(const std::string& command) {
  CommandResult result;
  std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) result.output.append(buffer, n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

}  // namespace lethe::testing
