// The one place that turns an exception into a message, an exit code and the end of all ranks.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "framework/base/error.h"

namespace lethe::run {

// Read when something was thrown, so the caller may fill it in as it learns (the rank, once MPI is up).
struct GuardOptions {
  int rank = 0;
  int world_size = 1;
  std::string host;
  bool json = false;  // also one line {"error": {key, message, hint, exit_code, rank, host}} on stdout
  // Ends the other ranks with this exit code; called last, only where world_size > 1. May return.
  std::function<void(int)> abort_others;
  // What all ranks find (a typo in the configuration) is to be said once: rank 0 speaks at once and ends the
  // others, which wait this long before they speak for themselves.
  std::chrono::milliseconds head_start{500};
};

// Prints the error as below, and as a line of JSON where options.json is set.
void say(const Error& error, const GuardOptions& options);

// Runs `body` and returns its exit code. An exception becomes
//
//   error[config.missing]: cannot open conf.yaml: No such file or directory
//   hint: …
//
// on stderr, after `rank R on HOST: ` where world_size > 1, and the exit code of its key: lethe::Error as it
// says; std::bad_alloc and LibTorch's out-of-memory 79 (oom); file system errors 74 (io); other system errors
// 71 (os); anything else 70 (internal). The key `stopped` is no failure: its message is printed by rank 0
// without `error[…]`, and nobody is aborted, since all ranks stop together.
//
// Whatever the body owns is destroyed before the message: what must outlive a failure (MPI's World, whose
// destructor would wait for the other ranks) is constructed outside.
[[nodiscard]] int guarded(const GuardOptions& options, const std::function<int()>& body);

}  // namespace lethe::run
