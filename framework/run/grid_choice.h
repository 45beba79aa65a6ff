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

struct GridChoice {
  sharding::GridShape shape;
  int shard_group = 1;  // also of a frozen model, which is sharded whatever the stage
  std::string reason;   // for the log
};

struct GridRequest {
  std::optional<int> kept =
      {};              // stage of the checkpoint that the run goes on from: another would change last bits
  bool trains = true;  // moments and gradients have to fit too
};

// `zero: auto` is request.kept or the smallest stage that fits into `available` bytes a rank. Errors:
// oom.predicted where even stage 3 does not, with the setting that would help.
[[nodiscard]] GridChoice choose_grid(const RunConfig& config, const models::DecoderModel& model,
                                     const DataLengths& data, int group, int world, std::uint64_t available,
                                     const GridRequest& request = {});

// The same for a run: asks every rank for its place and the free memory of its device, and rank 0 logs the
// choice. Collective.
[[nodiscard]] GridChoice grid_of_run(const RunConfig& config, const SampleSets& sets, dist::World& world,
                                     at::Device device, const GridRequest& request = {});

}  // namespace lethe::run
