// What a run used: arithmetic against what the cores can do, memory by category, and with --profile where
// time went.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "framework/base/memory_counter.h"
#include "framework/run/run_output.h"

namespace lethe::run {

class Accounting {
 public:
  // From here on the allocations of this thread are counted. Made before the tensors of the run.
  explicit Accounting(bool profile, dist::World& world);

  // Collective: measures the peak of the device in the compute dtype, and records it.
  void measure_peak(const at::TensorOptions& compute, RunOutput& output);
  // Model FLOPs of a step over what the cores could have done in its time.
  double utilisation(double flops, double seconds) const;
  // Collective: memory records of every rank and their table; the trace, if one was asked for.
  void finish(std::int64_t step, at::Device device, RunOutput& output);

 private:
  void record_memory(std::int64_t step, at::Device device, RunOutput& output);
  void write_trace(RunOutput& output);

  bool profile_;
  dist::ProcessGroup& world_;
  base::MemoryCountersPtr counters_;
  base::MemoryScope scope_;
  double peak_flops_ = 0;
};

}  // namespace lethe::run
