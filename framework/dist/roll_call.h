// Watchdogs of different ranks ask each other where they are, over a communicator of their own.
#pragma once

#include <memory>
#include <vector>

#include "framework/dist/verdict.h"

namespace lethe::dist {

class RollCall {
 public:
  // Collective over all ranks of the job. MPI must be initialised with MPI_THREAD_MULTIPLE and outlive this.
  explicit RollCall(const std::string& who);
  ~RollCall();
  RollCall(const RollCall&) = delete;
  RollCall& operator=(const RollCall&) = delete;

  // Tells whoever asked since the last time. Called by each rank's watchdog every now and then.
  void answer(const RankStatus& mine);
  // Asks all others and waits for at most `seconds`.
  std::vector<RankStatus> ask(const RankStatus& mine, double seconds);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lethe::dist
