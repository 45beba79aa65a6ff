// How a rank works: what its memory depends on beside the model's shape.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/models/decoder_model.h"
#include "framework/ops/token_statistic.h"
#include "framework/planning/leaf_counts.h"
#include "framework/walk/head.h"
#include "framework/walk/kept_layer.h"

namespace lethe::planning {

// Of the largest micro-batch of a rank.
struct PackSize {
  std::int64_t micro_batch = 0;  // samples; 0: not said
  std::int64_t tokens = 0, scored = 0;
  LeavesByWave leaves = {};  // as Workload has them
  ops::ChunkTensors statistics = {};
};

// What an evaluation holds beside the model, in the order in which it is filled: all of it stays to the end.
struct Evaluating {
  PackSize pack = {};  // the largest that is walked, by the model and by the one that it is compared with
  std::vector<models::DecoderModel> reference = {};  // that second model; empty: none
  PackSize gradient_of = {};       // whose gradient of all weights is taken; no tokens: none is
  PackSize prompts = {};           // of the fullest batch of generations; its sequences are the scored ones
  std::int64_t cached_tokens = 0;  // of that batch: sequences times the longest prompt with its answer
};

// What the passes of a scoring or an evaluation read and hold.
struct Measuring {
  PackSize pack = {};                 // the largest that one of them walks
  bool perturbs = false;              // the weights through noise, written into buffers of their own
  std::int64_t together = 1;          // passes that share a gather, or a copy with noise
  std::int64_t directions = 0;        // that a jet walks together; 0: no jets
  std::int64_t longest_document = 0;  // tokens; read where there are jets
  PackSize gradient_of = {};          // whose gradient of all weights is taken; no tokens: none is
  Evaluating evaluation = {};
};

// Defaults are one rank in float32.
struct Workload {
  bool trains = true;                       // false: all that the run does is in `measures`
  Measuring measures = {};                  // also between updates
  std::vector<bool> trained_segments = {};  // by segment of the parameter index; empty: all are trained
  int zero = 0;                             // 0 to 3
  int shard_size = 1;                       // ranks that hold one copy of the states between them
  int replicas = 1;                         // ranks that hold the same part
  int shard_group = 0;                      // what shard_size is where zero is not 0; 0: the world
  std::uint64_t compute_bytes = 4;          // of an element in the compute dtype: 2, 4, 8
  bool widens_bf16 = false;                 // the processor has no products in bf16: ops/product.h
  // Of an element where it is not as usual; 0: it is.
  std::uint64_t wire_bytes = 0;       // of a gathered weight on its way: compute_bytes
  std::uint64_t reduction_bytes = 0;  // of a gradient on its way: as it is added up
  std::uint64_t moment_bytes = 0;     // as the master weights
  bool prefetch = false;
  walk::Recompute recompute = walk::Recompute::none;
  bool offload_inputs = false;
  bool device = false;                // a GPU computes, and offloaded inputs lie in another memory
  std::int64_t pack_tokens = 0;       // of the largest micro-batch of a rank; of updates
  std::int64_t scored_tokens = 0;     // of those
  std::int64_t reference_tokens = 0;  // whose log-probabilities are cached, over whole sets
  int frozen_shard_size = 0;  // ranks that hold the frozen model between them; 0 where no method reads it
  int last_layer = -1;        // behind which the passes of updates end; -1: they go through the head
  LeavesByWave leaves = {};   // elastic: those of the first rank, which has as many as any; none: it is not
  walk::HeadOptions head = {};
  ops::ChunkTensors statistics = {};         // of updates
  std::vector<PackSize> smaller_packs = {};  // what smaller micro-batches would make, the larger ones first
  // What twice as many ranks would get of a batch, four times, and so on; then it stays as it is.
  std::vector<PackSize> more_ranks_packs = {};
};

[[nodiscard]] inline bool trains_segment(const Workload& load, int segment) {
  return load.trained_segments.empty() || load.trained_segments[static_cast<std::size_t>(segment)];
}
// Layers that a pass runs, up to last_layer; those of them that its backward walks: the lowest trained one,
// as walk::lowest_trained_layer finds it, and all above it.
[[nodiscard]] std::int64_t layers_run(const models::DecoderModel& model, const Workload& load);
[[nodiscard]] std::int64_t layers_walked_back(const models::DecoderModel& model, const Workload& load);

}  // namespace lethe::planning
