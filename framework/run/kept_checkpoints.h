// The checkpoints of a training run: written while it goes on, on record, and the best of them kept.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "framework/dist/world.h"
#include "framework/optim/adamw.h"
#include "framework/run/engine.h"
#include "framework/run/run_output.h"
#include "framework/training/checkpoint_writer.h"

namespace lethe::run {

class KeptCheckpoints {
 public:
  // What stands in a checkpoint beside weights and moments.
  struct Words {
    std::string identity, state;
  };

  // Collective. All must outlive it. `words` is asked for each checkpoint that is written.
  KeptCheckpoints(const RunConfig& config, Engine& engine, optim::AdamW& optimizer, RunOutput& output,
                  dist::World& world, std::function<Words()> words);

  // Collective. After `step` updates, unless the last one is of that step; training goes on while it is
  // written, and what goes wrong with it shows at a later call. False where nothing was to be written.
  // Errors: num.nonfinite, io.space, io.write.
  bool save(std::int64_t step);
  // Puts what has been written meanwhile on record.
  void record_written();
  // Collective. Returns when every rank's part is on disk: none exits before.
  void finish();
  // The run goes on from the checkpoint of that step, which need not be written again.
  void go_on_from(std::int64_t step);
  // Collective. Keeps the checkpoint of `step` where checkpoint.keep_best says so. `metrics`: of the
  // evaluation at that step, by set and name; a warning where the metric is none of them (null).
  void keep_best(std::int64_t step, const std::map<std::string, double>& metrics);

 private:
  std::uint64_t bytes() const;
  void record(const std::optional<training::CheckpointInfo>& written);

  const RunConfig& config_;
  Engine& engine_;
  optim::AdamW& optimizer_;
  RunOutput& output_;
  dist::World& world_;
  std::function<Words()> words_;
  training::CheckpointWriter writer_;
  std::optional<training::BestCheckpoint> best_;
};

// Of a checkpoint of as many ranks: the stages add gradients in different orders, and a resumed run has the
// bits of one that was not stopped.
[[nodiscard]] std::optional<int> stage_of(const std::optional<training::CheckpointInfo>& checkpoint,
                                          int ranks);

}  // namespace lethe::run
