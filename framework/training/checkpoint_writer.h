// Writes checkpoints while training goes on: begin() copies this rank's weights and moments into host memory
// and returns; a thread writes, hashes and fsyncs them. Rank 0's thread waits for all shards, writes the
// manifest and renames the folder into place, so a checkpoint is complete or absent. The threads meet through
// the file system, never through a collective: a slow disk on one rank holds up no other rank's step.
#pragma once

#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "framework/training/checkpoint.h"
#include "framework/training/checkpoint_files.h"

namespace lethe::training {

class CheckpointWriter {
 public:
  // Collective. What an earlier run left half written is removed. keep_last: newest checkpoints to keep,
  // beside the best.
  CheckpointWriter(std::filesystem::path checkpoints, std::int64_t keep_last, sharding::WeightStore& weights,
                   optim::AdamW& optimizer, dist::ProcessGroup& world);
  // Waits for this rank's own shard; rank 0 gives up waiting for the others' (finish() waits for all).
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Collective. Waits for the save before it (and gives it, as ended()), then copies; training may change the
  // weights when it returns.
  std::optional<CheckpointInfo> begin(std::int64_t step, const std::string& identity,
                                      const std::string& state);
  // The save that has ended since the last call, on rank 0. Throws what went wrong with it: io.space,
  // io.write, ….
  std::optional<CheckpointInfo> ended();
  // Collective. Waits until the save under way, if any, is complete on every rank. As ended().
  std::optional<CheckpointInfo> finish();

  // The step of the save under way or done last; -1 before the first.
  std::int64_t last_step() const noexcept { return last_step_; }
  // The run goes on from that step's checkpoint, which need not be written again.
  void found(std::int64_t step) noexcept { last_step_ = step; }
  // From when the checkpoint of its step is complete, it is kept until another is the best.
  void mark_best(const BestCheckpoint& best);
  // Bytes of host memory that the copies take.
  std::size_t bytes() const noexcept;

 private:
  struct Copy {  // of one segment's part
    std::uint64_t first = 0, count = 0;
    std::vector<at::Tensor> states;
  };
  struct Job {
    CheckpointInfo info;
    std::filesystem::path aside;
    std::int64_t optimizer_steps = 0;
  };
  void copy_states();
  void work(Job job);
  std::string write_shard(const std::filesystem::path& folder) const;
  CheckpointInfo publish(const Job& job);
  bool wait_for(const std::filesystem::path& entry, const std::filesystem::path& failure);
  void join();

  const std::filesystem::path checkpoints_;
  const std::int64_t keep_last_;
  sharding::WeightStore& weights_;
  optim::AdamW& optimizer_;
  dist::ProcessGroup& world_;
  std::vector<Copy> copies_;
  std::int64_t last_step_ = -1;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool give_up_ = false;
  // Of the thread, under the mutex.
  bool done_ = true;
  std::optional<CheckpointInfo> result_;
  std::exception_ptr failure_;
  std::optional<BestCheckpoint> best_to_come_;  // the one that is being written
  std::thread thread_;
};

}  // namespace lethe::training
