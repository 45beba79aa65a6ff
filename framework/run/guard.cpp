#include "framework/run/guard.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <thread>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/base/text.h"

namespace lethe::run {
namespace {

constexpr std::string_view kBugHint =
    "this is a bug in lethe; please report it with the command and the configuration";
// The key that helps most, by what the memory was for.
std::string memory_hint(base::Memory category) {
  switch (category) {
    case base::Memory::weights:
      return "parallel.zero: 3 shards the weights over all ranks; `lethe plan` tells how many are needed";
    case base::Memory::moments:
      return "parallel.zero: 1 or above shards the optimizer's state; `lethe plan` tells how many ranks are "
             "needed";
    case base::Memory::gradients:
      return "parallel.zero: 2 or above shards the gradients; `lethe plan` tells how many ranks are needed";
    case base::Memory::gathered:
      return "parallel.zero: 3 gives gathered weights back at once, parallel.prefetch: false gathers one "
             "block less";
    case base::Memory::activations:
      return "smaller train.micro_batch or parallel.recompute: selective or full need less, and on a GPU "
             "parallel.offload_inputs: true; `lethe plan` tells";
    default:
      return "smaller micro-batches or more ranks need less; `lethe plan` tells";
  }
}

// "out of memory" with what it was for and what this rank held then, by category.
Error out_of_memory(std::string message) {
  const base::MemoryScope::Failure& failure = base::MemoryScope::last_failure();
  std::string held;
  for (std::size_t c = 0; c < base::kMemoryCategories; ++c)
    if (failure.held[c] > 0)
      held += fmt::format("{}{} {}", held.empty() ? "; held: " : ", ",
                          base::name_of(static_cast<base::Memory>(c)),
                          base::readable_bytes(static_cast<std::uint64_t>(failure.held[c])));
  if (!held.empty()) message += fmt::format(" (for {}{})", base::name_of(failure.category), held);
  return Error("oom", message, memory_hint(failure.category));
}

bool mentions_memory(std::string_view text) {
  for (const std::string_view phrase : {"out of memory", "can't allocate memory", "not enough memory"}) {
    if (text.find(phrase) != std::string_view::npos) return true;
  }
  return false;
}

// LibTorch's exceptions carry a C++ backtrace below their first line; they are known here by their text, so
// that this part does not need LibTorch.
Error from_exception(const std::exception& e) {
  std::string first_line(e.what());
  first_line.resize(std::min(first_line.find('\n'), first_line.size()));
  if (mentions_memory(first_line)) return out_of_memory(first_line);
  return Error("internal", first_line.empty() ? "an exception without a message" : first_line,
               std::string(kBugHint));
}

// Must be called while the exception is being handled.
Error current_error() {
  try {
    throw;
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return out_of_memory("this machine has no memory left for the process");
  } catch (const std::filesystem::filesystem_error& e) {
    return Error("io", e.what());
  } catch (const std::system_error& e) {
    return Error("os", e.what());
  } catch (const std::exception& e) {
    return from_exception(e);
  } catch (...) {
    return Error("internal", "an exception of an unknown type", std::string(kBugHint));
  }
}

bool is_stop(const Error& error) { return error.key() == "stopped"; }

std::string readable(const Error& error, const GuardOptions& options) {
  std::string text =
      is_stop(error) ? error.message() : fmt::format("error[{}]: {}", error.key(), error.message());
  if (options.world_size > 1 && !is_stop(error))
    text = fmt::format("rank {} on {}: {}", options.rank, options.host, text);
  if (!error.hint().empty()) text += "\nhint: " + error.hint();
  return text + "\n";
}

std::string machine_readable(const Error& error, const GuardOptions& options) {
  const nlohmann::ordered_json line = {{"error",
                                        {{"key", error.key()},
                                         {"message", error.message()},
                                         {"hint", error.hint()},
                                         {"exit_code", error.exit_code()},
                                         {"rank", options.rank},
                                         {"host", options.host}}}};
  // A message may quote bytes of a broken file; they must not break the line.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// Other ranks than 0 give way. SIGTERM, by which a launcher ends them meanwhile, must then end them silently.
void wait_for_rank_zero(const GuardOptions& options) {
  if (options.world_size == 1 || options.rank == 0) return;
  std::signal(SIGTERM, SIG_DFL);
  std::this_thread::sleep_for(options.head_start +
                              std::chrono::milliseconds(10 * std::min(options.rank, 100)));
}

// One write for the whole message, so that those of several ranks do not mix.
void print(std::FILE* stream, const std::string& text) {
  std::fflush(stream);
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

int report(const Error& error, const GuardOptions& options) {
  if (is_stop(error) && options.rank != 0) return error.exit_code();
  if (!is_stop(error)) wait_for_rank_zero(options);
  say(error, options);
  const bool others = options.world_size > 1 && options.abort_others && !is_stop(error);
  if (others) options.abort_others(error.exit_code());
  return error.exit_code();
}

}  // namespace

void say(const Error& error, const GuardOptions& options) {
  if (options.json) print(stdout, machine_readable(error, options));
  print(stderr, readable(error, options));
}

int guarded(const GuardOptions& options, const std::function<int()>& body) {
  std::optional<Error> error;
  try {
    return body();
  } catch (...) {
    error = current_error();
  }
  return report(*error, options);
}

}  // namespace lethe::run
