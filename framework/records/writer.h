// Appends records to a file that survives a kill at any moment: a line is one write(2), so after SIGKILL at
// most the last line is torn, and whoever opens the file next cuts it off.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "framework/records/record.h"

namespace lethe::records {

// Lines reach the kernel at once (SIGKILL loses nothing). They reach the disk (power loss) every `seconds`,
// and at once for what a resume or a reader leans on: run, evaluation, checkpoint, event and summary records.
struct SyncPolicy {
  double seconds = 5;
};

// One process writes a file: rank 0, which holds the run directory's lock. Not thread-safe.
class Writer {
 public:
  // Creates the file or repairs its end. Errors: io.space, out.permission, io.write.
  explicit Writer(std::filesystem::path path, SyncPolicy policy = {});
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void append(const Record& record);  // stamped with the present time
  void append(const Entry& entry);
  void sync();

 private:
  void write(std::string_view line);

  std::filesystem::path path_;
  SyncPolicy policy_;
  int fd_ = -1;
  std::chrono::steady_clock::time_point last_sync_;
};

// Cuts off what a kill left behind the last complete line. Returns the bytes removed; a missing file has
// none.
std::size_t repair_end(const std::filesystem::path& path);

// For a resume from the checkpoint of `step`: cuts the file at the first record of a later step, because
// those steps will happen again. Returns the number of lines removed.
std::size_t drop_after_step(const std::filesystem::path& path, std::int64_t step);
// For a resume too: cuts the file at the first evaluation with one of these tags, or where the run ended
// (not at an end that a longer run has passed: its steps stay).
std::size_t drop_from_evaluations(const std::filesystem::path& path, std::span<const std::string> tags);
// The same where the checkpoint has seen `count` scorings: cuts the file at the one after them.
std::size_t drop_after_scorings(const std::filesystem::path& path, std::int64_t count);

}  // namespace lethe::records
