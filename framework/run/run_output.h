// What a run writes: rank 0 holds the run directory and its records, the other ranks hold nothing and their
// calls do nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/dist/world.h"
#include "framework/records/run_directory.h"
#include "framework/records/writer.h"
#include "framework/run/engine.h"
#include "framework/run/sample_sets.h"

namespace lethe::run {

// What a command was started with.
struct Launch {
  std::string command;
  std::vector<std::string> arguments;  // as typed
  std::string config_path;
  std::string out;
  bool resume = false;
  bool profile = false;  // writes trace.json
  bool analyse = false;  // score: relate the scores to characteristics of the samples
};

class RunOutput {
 public:
  // Opens the directory on rank 0. Errors: out.exists, out.locked, …; dist.config where ranks do not have the
  // same configuration.
  RunOutput(const Launch& launch, const std::string& effective_yaml, dist::World& world);
  // A run that ends before describe() (a model or data set that cannot be read) leaves no folder behind.
  ~RunOutput();
  RunOutput(const RunOutput&) = delete;
  RunOutput& operator=(const RunOutput&) = delete;

  const records::RunPaths& paths() const noexcept { return paths_; }
  const std::string& host(int rank) const { return hosts_[static_cast<std::size_t>(rank)]; }
  void append(const records::Record& record);
  void append_score(const records::Record& record);  // to scores.jsonl beside the records
  // From here on append_score keeps what it is given until publish_scores puts it in the place of what an
  // earlier command scored here. The earlier analysis stays where the scores came out the same.
  void hold_scores();
  void publish_scores();
  // For a training without a checkpoint. Errors: run.missing where the folder holds updates, or the end, of a
  // run with another configuration; with its own, the run may start over and comes to the same.
  void refuse_to_start_over() const;
  // Forgets what an earlier attempt recorded after `step`.
  void rewind_to(std::int64_t step);
  // The same of its records alone: scores stay.
  void rewind_records_to(std::int64_t step);
  // For a resume, after rewind_to: forgets the evaluation `tag` where it was under way, and the one of the
  // end, which is not the end any more.
  void drop_unfinished_evaluations(const std::string& tag);
  // Keeps the first `count` scorings: a checkpoint is older than a scoring at its own step.
  void rewind_scorings(std::int64_t count);
  // The run, model and data records, run.json, and config.yaml where the run goes on with another one: all
  // that could refuse it has been asked.
  void describe(const Launch& launch, const RunConfig& config, const std::string& effective_yaml,
                const Engine& engine, const SampleSets& sets, std::int64_t resumed_from);
  // scores.csv and metrics.json, made from the records.
  void write_exports();

 private:
  void open_writers();
  void remove_new_folder() noexcept;
  records::RunPaths paths_;
  bool described_ = false, folder_was_there_ = false;
  std::vector<std::string> hosts_;
  std::optional<records::RunDirectory> directory_;
  std::optional<records::Writer> writer_, score_writer_;
  std::optional<std::vector<records::Entry>> held_scores_;
  std::vector<records::Entry> earlier_scores_;
};

// Collective: the host of every rank, in rank order.
[[nodiscard]] std::vector<std::string> rank_hosts(dist::World& world);

// `--out`, or runs/<name of the config file>.
[[nodiscard]] std::filesystem::path run_folder(const Launch& launch);

// read_run_config, for a run into that folder. Errors: config.conflict too, where the run would take scores
// from the folder that it writes anew.
[[nodiscard]] RunConfig config_of_run(config::Section root, const Launch& launch);

}  // namespace lethe::run
