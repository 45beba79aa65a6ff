// Which grid a run works on: parallel.zero and parallel.shard, where their words leave it to the model, the
// machine and the places of the ranks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "framework/dist/world.h"
#include "framework/models/decoder_model.h"
#include "framework/run/run_config.h"
#include "framework/run/workload.h"
#include "framework/sharding/grid.h"

namespace lethe::run {

// How the ranks of a world lie on nodes.
struct NodePlan {
  int nodes = 1, ranks_each = 1;
  std::string uneven;  // why a node is no shard group; empty where it can be one
};

// By world rank: its rank and the number of ranks on its node.
struct LocalPlace {
  std::int64_t rank = 0, size = 1;
};
[[nodiscard]] NodePlan node_plan(std::span<const LocalPlace> places);

// Ranks of a shard group under the word of parallel.shard (auto, node, world or a number; 0 is the world).
// Errors: config.conflict (`node` where nodes are uneven, a number that does not divide the world).
[[nodiscard]] int shard_group(const std::string& word, const NodePlan& nodes, int world);

struct GridRequest {
  int group = 1, world = 1;     // ranks of a shard group and of the world
  std::uint64_t available = 0;  // bytes a rank
  bool trains = true;           // false: the run scores or evaluates, by these passes; true: its evaluations
  planning::Measuring passes = {};
  bool device = false;  // a GPU computes
  // Stage of the checkpoint that the run goes on from: another changes last bits.
  std::optional<int> kept = {};
};

struct GridChoice {
  sharding::GridShape shape;
  int shard_group = 1;  // also of a frozen model, which is sharded whatever the stage
  std::string reason;   // for the log
};

// `zero: auto` is the kept stage, or the smallest that fits into the available bytes. Errors: oom.predicted
// where not even stage 3 of a training run does, with the setting that would help.
[[nodiscard]] GridChoice choose_grid(const RunConfig& config, const models::DecoderModel& model,
                                     const DataLengths& data, const GridRequest& request);

// The same for a run: asks every rank for its place and its memory (of `device`), and rank 0 logs the choice.
// Collective.
[[nodiscard]] GridChoice grid_of_training(const RunConfig& config, const SampleSets& sets, dist::World& world,
                                          at::Device device, std::optional<int> kept);
[[nodiscard]] GridChoice grid_of_measuring(const RunConfig& config, const SampleSets& sets,
                                           const planning::Measuring& passes, dist::World& world,
                                           at::Device device);

}  // namespace lethe::run
