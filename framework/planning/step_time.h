// The least time that an update can take on a grid: its arithmetic and its traffic against what a rank can
// do. A floor, not a forecast: kernels and collectives reach a part of their peaks, and `lethe scale`
// measures.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "framework/models/flops.h"
#include "framework/planning/workload.h"

namespace lethe::planning {

struct UpdateWork {
  models::BatchTokens batch;  // of all ranks, the mean over updates
  int waves = 1;              // passes over the model: samples of a rank / micro_batch, rounded up
  std::vector<bool> trained_parameters = {};  // by parameter; empty: all are trained
};

struct RankSpeed {
  double flops = 0;  // FLOP/s of matrix products of one rank
  double bytes = 0;  // bytes/s that a rank receives while it sends as many
};

struct StepTime {
  double flops = 0;                         // of a rank
  std::uint64_t gathered = 0, reduced = 0;  // bytes that a rank receives: weights; sums of gradients
  double compute_seconds = 0, wire_seconds = 0;

  // Arithmetic may hide traffic, or traffic arithmetic.
  double seconds() const { return compute_seconds > wire_seconds ? compute_seconds : wire_seconds; }
  bool bound_by_wire() const { return wire_seconds > compute_seconds; }
};

// What is frozen has no gradients to work out or to send. Traffic by ring algorithms, (n - 1) / n of what is
// gathered or reduced: ZeRO 0 reduces gradients over replicas; 1 reduces and gathers once an update; 2
// reduces in every wave; 3 gathers twice in every wave as well.
[[nodiscard]] StepTime least_step_time(const models::DecoderModel& model, const Workload& load,
                                       const UpdateWork& work, const RankSpeed& speed);

// The stage and shard group that fit into `available` bytes (planning/stage.h) and need the least time, where
// that is a tenth less than what `load` needs; nothing where `load` is about as good as any. Shard groups of
// `group` ranks and of the world are tried.
[[nodiscard]] std::optional<Workload> faster_grid(const models::DecoderModel& model, const Workload& load,
                                                  const UpdateWork& work, const RankSpeed& speed, int group,
                                                  std::uint64_t available);

}  // namespace lethe::planning
