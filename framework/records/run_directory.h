// The folder that a run leaves: where everything lies in it, who may write it, and when a second command may
// use it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "framework/records/record.h"

namespace lethe::records {

struct RunPaths {
  std::filesystem::path root;

  [[nodiscard]] std::filesystem::path config() const { return root / "config.yaml"; }
  [[nodiscard]] std::filesystem::path run() const { return root / "run.json"; }
  [[nodiscard]] std::filesystem::path records() const { return root / "records.jsonl"; }
  [[nodiscard]] std::filesystem::path scores() const { return root / "scores.jsonl"; }
  [[nodiscard]] std::filesystem::path scores_csv() const { return root / "scores.csv"; }
  [[nodiscard]] std::filesystem::path metrics() const { return root / "metrics.json"; }
  [[nodiscard]] std::filesystem::path checkpoints() const { return root / "checkpoints"; }
  [[nodiscard]] std::filesystem::path checkpoint(std::int64_t step) const;  // checkpoints/step-N
  [[nodiscard]] std::filesystem::path model() const { return root / "model"; }
  [[nodiscard]] std::filesystem::path cache() const { return root / "cache"; }
  [[nodiscard]] std::filesystem::path evaluation(std::string tag) const;         // evals/step-10 of "step 10"
  [[nodiscard]] std::filesystem::path journal(const std::string& tag) const;     // of one that is under way
  [[nodiscard]] std::filesystem::path report(std::string_view extension) const;  // report.html, .md, .csv
  [[nodiscard]] std::filesystem::path certificate() const { return root / "purge.json"; }
  [[nodiscard]] std::filesystem::path lock() const { return root / "lock"; }
};

// Held by the one process that writes a run directory (rank 0). The kernel drops it when that process ends,
// however it ends, so a killed run never leaves a directory locked.
class RunLock {
 public:
  // Errors: out.locked, naming the holder's process and host; out.permission.
  explicit RunLock(const std::filesystem::path& lock_file);
  ~RunLock();
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;

 private:
  int fd_;
};

struct RunDirectory {
  RunPaths paths;
  RunLock lock;
  bool continues;     // the folder holds an earlier part of this run
  bool other_config;  // and that part had another configuration, which config.yaml still holds
};

// Makes the folder, or goes on with it when it holds a run of the same command (train, score, eval) with the
// same effective configuration. With `resume`, also with another configuration (what may differ is for the
// checkpoint to say, so config.yaml stays that of the earlier part); it is written where there is none.
// Errors: out.exists (another run, or files that are no run), out.locked, out.permission, io.space.
[[nodiscard]] RunDirectory open_run_directory(const std::filesystem::path& root, std::string_view command,
                                              std::string_view config_yaml, bool resume);

// run.json: the run record as one readable JSON object, with the same fields as in records.jsonl.
void write_run_file(const RunPaths& paths, const RunRecord& record);

}  // namespace lethe::records
