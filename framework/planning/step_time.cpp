#include "framework/planning/step_time.h"

#include <algorithm>

#include "framework/planning/memory.h"
#include "framework/planning/stage.h"

namespace lethe::planning {
namespace {

constexpr double kWorthIt = 0.9;  // of the time: less of a gain is within what this model leaves out

double size_of(const models::DecoderModel& model, int segment) {
  return static_cast<double>(model.index.segments()[segment].count);
}

// A ring of n ranks: what each receives of `bytes` that are gathered, or reduced and scattered.
double ring(double bytes, int ranks) { return bytes * (ranks - 1) / ranks; }

// Elements of the blocks of the walk. A tied embedding is two of them: its gradients travel for each use.
struct Blocks {
  double owned() const { return embedding + layers + norm + (tied ? 0 : head); }
  double of_a_walk() const { return embedding + layers + norm + head; }

  double embedding = 0, layers = 0, norm = 0, head = 0;
  bool tied = false;
};

// Of the segments that `counts`.
template <class Counts>
Blocks blocks_of(const models::DecoderModel& model, const Counts& counts) {
  const auto size = [&](int segment) { return counts(segment) ? size_of(model, segment) : 0; };
  Blocks blocks{.embedding = size(model.segment_of(model.embedding)),
                .norm = size(model.segment_of(model.final_norm)),
                .head = size(model.segment_of(model.head)),
                .tied = model.head == model.embedding};
  for (const models::LayerParameters& layer : model.layers) blocks.layers += size(layer.segment);
  return blocks;
}

// That passes read: where they end behind a layer, neither those above it nor norm and head.
Blocks read_blocks(const models::DecoderModel& model, const Workload& load) {
  Blocks blocks = blocks_of(model, [](int) { return true; });
  if (load.last_layer < 0) return blocks;
  blocks.layers = blocks.norm = blocks.head = 0;
  for (std::int64_t layer = 0; layer < layers_run(model, load); ++layer)
    blocks.layers += size_of(model, model.layers[static_cast<std::size_t>(layer)].segment);
  return blocks;
}

// With gradients.
Blocks trained_blocks(const models::DecoderModel& model, const Workload& load) {
  return blocks_of(model, [&](int segment) { return trains_segment(load, segment); });
}

double gathered_elements(const models::DecoderModel& model, const Workload& load, int waves) {
  if (load.zero == 0) return 0;
  const Blocks read = read_blocks(model, load);
  if (load.zero < 3) return read.owned();
  double again = read.norm + read.head;  // by the backward, which needs no embedding
  const auto end = model.layers.begin() + layers_run(model, load);
  for (auto layer = end - layers_walked_back(model, load); layer < end; ++layer)
    again += size_of(model, layer->segment);
  return waves * (read.of_a_walk() + again);
}

double reduced_elements(const Blocks& trained, const Workload& load, int waves) {
  if (load.zero == 0) return 0;
  return load.zero == 1 ? trained.owned() : waves * trained.of_a_walk();
}

}  // namespace

StepTime least_step_time(const models::DecoderModel& model, const Workload& load, const UpdateWork& work,
                         const RankSpeed& speed) {
  const Blocks trained = trained_blocks(model, load);
  const auto trains = [&](int parameter) {
    return work.trained_parameters.empty() || work.trained_parameters[static_cast<std::size_t>(parameter)];
  };
  const int ranks = load.shard_size * load.replicas;
  const auto state = static_cast<double>(std::max<std::uint64_t>(load.compute_bytes, 4));
  const double wire = static_cast<double>(load.wire_bytes ? load.wire_bytes : load.compute_bytes);
  const double reduction = load.reduction_bytes ? static_cast<double>(load.reduction_bytes) : state;
  StepTime time{.flops = models::update_flops(model, trains, work.batch, load.last_layer) / ranks};
  time.gathered =
      static_cast<std::uint64_t>(ring(gathered_elements(model, load, work.waves) * wire, load.shard_size));
  const double replicas = 2 * ring(trained.owned() / load.shard_size * reduction, load.replicas);
  const double shards = ring(reduced_elements(trained, load, work.waves) * reduction, load.shard_size);
  time.reduced = static_cast<std::uint64_t>(shards + replicas);
  time.compute_seconds = time.flops / speed.flops;
  time.wire_seconds = static_cast<double>(time.gathered + time.reduced) / speed.bytes;
  return time;
}

std::optional<Workload> faster_grid(const models::DecoderModel& model, const Workload& load,
                                    const UpdateWork& work, const RankSpeed& speed, int group,
                                    std::uint64_t available) {
  const int world = load.shard_size * load.replicas;
  std::optional<Workload> best;
  double least = kWorthIt * least_step_time(model, load, work, speed).seconds();
  for (const int shard : {1, group, world}) {
    for (const int zero : {0, 1, 2, 3}) {
      if ((zero == 0) != (shard == 1)) continue;
      Workload other = load;
      other.zero = zero, other.shard_size = shard, other.replicas = world / shard;
      const double needs = static_cast<double>(total_bytes(predict_memory(model, other)));
      const double seconds = least_step_time(model, other, work, speed).seconds();
      if (needs * kResidentOverTensors > static_cast<double>(available) || seconds >= least) continue;
      best = other, least = seconds;
    }
  }
  return best;
}

}  // namespace lethe::planning
